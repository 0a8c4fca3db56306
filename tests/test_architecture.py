"""Who may import whom, who may print, and what a module looks like."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER = ("compartments", "models", "rate_bridge", "experiments")
MODULES = sorted(path for package in ORDER for path in (ROOT / package).rglob("*.py"))
LIBRARY = [path for path in MODULES if path.relative_to(ROOT).parts[0] != "experiments"]

# models/standalone asks which compiler Brian2 will call, which is CXX; rate_bridge/distributed is
# told by torchrun, through the environment only, which of several processes it is.
MAY_READ_THE_ENVIRONMENT = {"models/standalone.py", "rate_bridge/training/distributed.py"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> list[str]:
    """The full name of everything that a module imports, wherever in it."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def wrong_way(package: str, tree: ast.Module) -> list[str]:
    """Imports of packages that stand above ``package``."""
    above = ORDER[ORDER.index(package) + 1 :]
    return [name for name in imported(tree) if name.split(".")[0] in above]


each_module = pytest.mark.parametrize("path", MODULES, ids=_name)
each_folder = pytest.mark.parametrize(
    "folder", sorted({path.parent for path in MODULES}), ids=_name
)
each_library_module = pytest.mark.parametrize("path", LIBRARY, ids=_name)


def test_there_are_modules():
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ORDER)


@each_module
def test_imports_go_one_way(path):
    assert wrong_way(path.relative_to(ROOT).parts[0], _tree(path)) == []


def _folders(path: Path) -> set[tuple[str, str]]:
    """(folder, folder it imports from) of a module, both within one package."""
    here = path.relative_to(ROOT).parent.as_posix().replace("/", ".")
    found = set()
    for name in imported(_tree(path)):
        parts = name.split(".")
        while parts and not (ROOT / "/".join(parts)).is_dir():
            parts = parts[:-1]
        there = ".".join(parts)
        if parts and parts[0] == here.split(".")[0] and there != here:
            found.add((here, there))
    return found


@pytest.mark.parametrize("package", ORDER)
def test_folders_of_a_package_import_one_way(package):
    top = {package}  # modules that stand loose in the package belong to no folder
    arrows = {
        (here, there)
        for path in (ROOT / package).rglob("*.py")
        for here, there in _folders(path)
        if not {here, there} & top
    }
    after = {here: {there for h, there in arrows if h == here} for here, _ in arrows}
    tuple(TopologicalSorter(after).static_order())  # a CycleError names the folders in a circle


def _modules_imported(path: Path) -> set[str]:
    """Modules of Tuft that a module imports, for types alone, too."""
    names = [name.replace(".", "/") for name in imported(_tree(path))]
    found = set()
    for name in names:
        for place in (ROOT / name, (ROOT / name).parent):
            if place.with_suffix(".py").is_file():
                found.add(_name(place.with_suffix(".py")))
                break
    return found


def test_no_modules_import_each_other():
    graph = {_name(path): _modules_imported(path) for path in MODULES}
    assert sum(map(len, graph.values())) > len(MODULES)  # it has seen them
    tuple(TopologicalSorter(graph).static_order())  # a CycleError names the modules in a circle


def test_an_import_the_wrong_way_is_seen():
    tree = ast.parse("def f():\n    from rate_bridge.references.algorithm1 import Algorithm1")
    assert wrong_way("models", tree) == ["rate_bridge.references.algorithm1.Algorithm1"]


@pytest.mark.parametrize("package", ["compartments", "models"])
def test_torch_is_not_imported(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not [n for n in imported(_tree(path)) if n.split(".")[0] == "torch"], _name(path)


def test_torch_does_not_come_along():
    code = "import sys, compartments, models; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0, "importing compartments and models loads torch"


def _reads_environment(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            dotted = f"{node.value.id}.{node.attr}"
            if dotted in ("os.environ", "os.getenv", "sys.argv"):
                found.append(dotted)
    return found + [n for n in imported(tree) if n in ("os.environ", "os.getenv", "sys.argv")]


@each_library_module
def test_libraries_read_no_environment(path):
    if _name(path) in MAY_READ_THE_ENVIRONMENT:
        assert set(_reads_environment(_tree(path))) == {"os.environ"}  # else the exception is stale
    else:
        assert _reads_environment(_tree(path)) == []


@each_library_module
def test_libraries_do_not_print(path):
    calls = [node.func for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    names = [call.id for call in calls if isinstance(call, ast.Name)]
    assert "print" not in names
    assert "input" not in names
    assert not [n for n in imported(_tree(path)) if n.split(".")[0] in ("rich", "tqdm")]


@each_module
def test_no_star_imports(path):
    assert not [name for name in imported(_tree(path)) if name.endswith(".*")]


@each_folder
def test_init_only_re_exports(folder):
    tree = _tree(folder / "__init__.py")
    assert ast.get_docstring(tree)
    for node in tree.body[1:]:
        names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert isinstance(node, ast.ImportFrom) or names, ast.unparse(node)


def _public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    def definitions(body):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return [n for n in body if isinstance(n, kinds) and not n.name.startswith("_")]

    def is_autograd_function(c):  # what forward and backward are, torch says
        return any(ast.unparse(base).split(".")[-1] == "Function" for base in c.bases)

    top = definitions(tree.body)
    classes = [c for c in top if isinstance(c, ast.ClassDef) and not is_autograd_function(c)]
    inner = [m for c in classes for m in definitions(c.body)]
    return top + inner


@each_library_module
def test_public_names_have_docstrings(path):
    tree = _tree(path)
    assert ast.get_docstring(tree), "module"
    assert [node.name for node in _public(tree) if not ast.get_docstring(node)] == []


@each_module
def test_modules_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320


def test_modules_are_named_for_what_they_hold():
    says_nothing = {"cells", "compat", "core", "direct", "files", "guards", "moves", "names"}
    assert [_name(path) for path in MODULES if path.stem in says_nothing] == []


def _public_names(tree: ast.Module) -> list[str]:
    """Classes, constants and types of a module: names that begin with a capital letter."""
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in found if name[0].isupper() and len(name) > 1]


def test_a_name_has_one_meaning():
    where: dict[str, list[str]] = {}
    for path in MODULES:
        for name in _public_names(_tree(path)):
            where.setdefault(name, []).append(_name(path))
    where.pop("Config")  # of every experiment
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}
