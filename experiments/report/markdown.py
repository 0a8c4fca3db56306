"""A page's text and tables as Markdown."""

from collections.abc import Sequence

from experiments.report.page import PageTable, Section, shown


def markdown(title: str, lead: str | Sequence[str], sections: Sequence[Section]) -> str:
    """Heading, sentences, and every section with its figures and tables.

    Parameters
    ----------
    title, lead, sections
        As for :func:`experiments.report.page.write_page`.
    """
    parts = [f"# {title}", *([lead] if isinstance(lead, str) else lead)]
    for section in sections:
        parts += [f"## {section.title}", *section.text]
        parts += [f"![{picture.caption}]({picture.name}.png)" for picture in section.pictures]
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: PageTable) -> str:
    lines = [_row(table.header), _row(["---"] * len(table.header))]
    lines += [_row([shown(cell) for cell in row]) for row in table.rows]
    caption = [f"{table.caption}\n"] if table.caption else []
    return "\n".join([*caption, *lines])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
