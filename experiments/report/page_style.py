"""How pages look: one column, for a phone and a desk, in light and in dark."""

CSS = """
:root {
  --ink: #1c1c1e; --soft: #5c5c62; --line: #e3e3e8; --paper: #fbfbfa; --card: #ffffff;
  --link: #005b94; --short: #d55e00; --short-paper: #fdf3ec; --accent: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #ececf0; --soft: #a5a5ad; --line: #36363c; --paper: #161618; --card: #1e1e21;
    --link: #7cc4f5; --short: #ff9a57; --short-paper: #2a2019; --accent: #56b4e9;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 920px; margin: 0 auto; padding: 2.5rem 1.15rem 3rem; }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; margin: 0 0 1rem;
  letter-spacing: -0.015em; text-wrap: balance; }
h2 { font-size: 1.22rem; line-height: 1.3; margin: 0 0 0.7rem; letter-spacing: -0.01em; }
p { margin: 0 0 0.8rem; max-width: 44rem; text-wrap: pretty; }
.lead { border-left: 4px solid var(--accent); padding: 0.1rem 0 0.1rem 1rem; font-size: 1.1rem; }
.lead p { margin: 0 0 0.5rem; }
.lead p:last-child { margin: 0; }
section, footer { margin-top: 2.6rem; }
.short { background: var(--short-paper); border-left: 4px solid var(--short);
  padding: 1.1rem 1.1rem 0.5rem 1rem; border-radius: 0 8px 8px 0; }
figure { margin: 1.2rem 0 1.6rem; }
figure img { display: block; width: 100%; height: auto; background: #fff; padding: 0.5rem;
  border: 1px solid var(--line); border-radius: 8px; }
@media (max-width: 600px) {
  figure > a { display: block; overflow-x: auto; }
  figure img { width: 40rem; max-width: none; }
}
figcaption { color: var(--soft); font-size: 0.9rem; line-height: 1.45; margin-top: 0.55rem;
  max-width: 48rem; }
a { color: var(--link); text-underline-offset: 0.15em; }
a.file { white-space: nowrap; }
code { font: 0.9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
.table { overflow-x: auto; margin: 1rem 0 1.4rem; }
table { border-collapse: collapse; font-size: 0.92rem; min-width: 50%; }
caption { text-align: left; color: var(--soft); font-size: 0.9rem; padding-bottom: 0.4rem; }
th, td { text-align: left; padding: 0.36rem 1.2rem 0.36rem 0; border-bottom: 1px solid var(--line);
  vertical-align: baseline; }
th { font-weight: 600; border-bottom-width: 2px; white-space: nowrap; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.brief { white-space: nowrap; }
.words dt { font-weight: 600; }
.words dd { margin: 0 0 0.5rem 1.1rem; color: var(--soft); }
footer { border-top: 1px solid var(--line); padding-top: 1.4rem; color: var(--soft);
  font-size: 0.92rem; }
footer h2 { font-size: 1rem; color: var(--ink); }
footer ul { padding-left: 1.1rem; margin: 0 0 0.8rem; }
.made { font-size: 0.82rem; }
@media print { main { max-width: none; padding: 0; } figure { break-inside: avoid; } }
"""
