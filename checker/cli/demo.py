"""`xor-check demo`: a stub, a classic mistake, a pass, and a network that learned XOR, in a few seconds.

It uses the real checks on real files, in a temporary course folder that is gone afterwards; the mistake and
the right answer come from the course itself.
"""

import ast
import os
import tempfile
import textwrap
from contextlib import chdir
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import typer

from checker import course
from checker.cli import check
from checker.cli.init import write_course
from checker.course import Course, Exercise, parsed
from checker.stub import definition

if TYPE_CHECKING:
    from checker.sandbox import Workers

TOPIC, FUNCTION = "transforms", "value_and_grad"
"""What the tour looks at: a mistake that most people who come from JAX make once."""

PICTURE = "xor-demo.png"


def demo() -> None:
    """Take a tour: a stub, a mistake, a pass, a trained XOR."""
    _tell(
        "1. The course is a few files of functions to write. A fresh one is a stub: "
        f"{FUNCTION} says what it should do, and does nothing yet."
    )
    with (
        tempfile.TemporaryDirectory(prefix="xor-demo-") as folder,
        chdir(folder),  # so that file names are shown as a student sees them
        check.workers() as ready,
    ):
        write_course(Path(folder))
        home = course.find(Path(folder))
        exercise = home.select(TOPIC)
        _check(ready, home, exercise)
        mistake, imports = find_mistake(exercise)
        _tell("2. Say you write this. It looks right, and it runs:", mistake)
        stub = exercise.file.read_text(encoding="utf-8")
        exercise.file.write_text("\n\n".join([stub, imports, mistake, ""]), encoding="utf-8")
        _check(ready, home, exercise)
        _tell("3. You change it (how, that is for you to find out, with xor-check hint) and check again:")
        exercise.file.write_bytes(exercise.solution.read_bytes())
        _check(ready, home, exercise)
    _tell("4. At the end of the course your functions train a network on XOR, which no straight line separates:")
    _train()
    try:
        course.find()
    except course.CourseError:
        _tell("Now it is your turn: xor-check init my-course, then cd my-course, then xor-check")
    else:
        _tell("Now it is your turn: xor-check")


def _tell(text: str, code: str = "") -> None:
    width = min(88, get_terminal_size().columns)
    typer.echo("\n" + textwrap.fill(text, width) + "\n" + (f"\n{code}\n" if code else ""))


def _check(ready: "Workers", home: Course, exercise: Exercise) -> None:
    typer.echo(f"$ xor-check {exercise.name} {FUNCTION}")
    options = check.Options("cpu", check.SEED, check.TIMEOUT, json=False, color=True, verbose=False)
    check.run(ready, home, exercise, exercise.file, [FUNCTION], options)


def find_mistake(exercise: Exercise) -> tuple[str, str]:
    """The first misconception of the function, written as a student would write it, and the imports it needs."""
    module = parsed(exercise.misconceptions)
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and any(
            ast.unparse(decorator).startswith(f"misconception({FUNCTION!r}") for decorator in node.decorator_list
        ):
            text = definition(exercise.misconceptions.read_text(encoding="utf-8"), node.name)
            own = text[text.index("def ") :].replace(f"def {node.name}(", f"def {FUNCTION}(", 1)
            imports = [
                ast.unparse(line)
                for line in module.body
                if isinstance(line, ast.Import) or (isinstance(line, ast.ImportFrom) and line.module != "checker.spec")
            ]
            return own, "\n".join(imports)
    raise course.CourseError(f"{exercise.name} has no misconception of {FUNCTION!r} to show.")


def _train() -> None:
    """Train the network of the course on noisy XOR, measure it on fresh points, and draw where it decides."""
    from torch import Tensor

    from xorfunc import data, evaluate, likelihood, model, optim, plot, random, train
    from xorfunc.params import Params

    def logits(params: Params, x: Tensor) -> Tensor:
        return model.logits(params, x)[..., 0]

    def loss(params: Params, x: Tensor, y: Tensor) -> Tensor:
        return likelihood.loss_bce(logits(params, x), y)

    std, low, high = 0.15, -0.5, 1.5
    train_key, test_key, init_key, fit_key = random.split(random.key(0), 4)
    x, y = data.continuous_xor(train_key, 1000, std)
    start = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)
    params, losses = train.fit(fit_key, loss, start, x, y, optimizer=optim.adam(0.05), num_epochs=60)
    fresh_x, fresh_y = data.continuous_xor(test_key, 500, std)
    accuracy = evaluate.evaluate(logits, params, [(fresh_x, fresh_y)])
    typer.echo(f"loss {losses[0]:.3f} before, {losses[-1]:.3f} after {len(losses)} epochs")
    typer.echo(f"accuracy on {len(fresh_y)} fresh points: {accuracy:.3f}")
    grid = evaluate.probability_grid(logits, params, low, high, steps=101)
    figure = plot.decision_boundary(grid, fresh_x, fresh_y, low=low, high=high)
    folder = Path.cwd() if os.access(Path.cwd(), os.W_OK) else Path(tempfile.mkdtemp(prefix="xor-demo-"))
    figure.savefig(folder / PICTURE, dpi=120)
    typer.echo(f"where it decides: {folder / PICTURE}")
