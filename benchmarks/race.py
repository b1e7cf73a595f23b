"""The race: this library against a tutorial's loop, a tuned `nn.Module` loop, and JAX, on the same data.

    python -m benchmarks.race [--rounds N] [--threads N] [--only PART] [--json] [--record] [--figure FILE]

Every figure is a ratio of times taken in turn within one run, round by round; the median of the rounds counts. Warm
contestants share one process; cold ones start afresh each time, imports done and not counted. All are held to the same
processor cores, which torch and JAX both use. Needs the extra `jax`. `--record` writes `benchmarks/race.json` and the
README's section from it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORD = HERE / "race.json"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- race: written by `python -m benchmarks.race --record` -->", "<!-- race end -->"

EPOCHS = 100
ENSEMBLE_EPOCHS = 10
SEPARATE = 8  # module loops that are timed for the ratio of 1024; each is as long as any other

# name: what it says, what it must be at most (or at least, for "speed-up"), what it aims at
FIGURES: dict[str, tuple[str, float, float]] = {
    "cold_tutorial": ("100 epochs from a cold start: `auto` / the tutorial's loop", 0.5, 0.2),
    "cold_jax": ("100 epochs from a cold start: `auto` / JAX jit(scan)", 0.6, 0.25),
    "step_tuned": ("a step, warm: `auto` / tuned nn.Module loop", 0.8, 0.3),
    "step_jax": ("a step, warm: `compiled` / JAX jit(scan)", 1.25, 0.8),
    "ensemble_1024": ("a model-step, 1024 members, warm: `fit_ensemble` / JAX vmap+jit+scan", 0.75, 0.35),
    "ensemble_8192": ("a model-step, 8192 members, warm: `fit_ensemble` / JAX vmap+jit+scan", 0.75, 0.35),
    "ensemble_relu": ("the same for a 2-8-8-1 relu network, 1024 members", 1.0, 0.6),
    "separate": ("speed-up over 1024 separate nn.Module loops, warm", 100, 400),
    "memory": ("peak memory of 65,536 members, 100 epochs, in GiB", 2.0, 1.0),
}


def main() -> None:
    """Race and print. A figure that is missed fails nothing: machines are shared and noisy."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often each contestant runs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores for all")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part of the race")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--record", action="store_true", help="write benchmarks/race.json and the README's section")
    parser.add_argument("--figure", metavar="FILE", help="draw the cost against members and points (a PNG)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])  # before torch and JAX count cores
    if options.child:
        print(json.dumps(CHILDREN[options.child]()))
        return
    results: dict[str, Any] = {
        "machine": machine(options.threads),
        "rounds": options.rounds,
        "ratios": {},
        "seconds": {},
    }
    for name, part in PARTS.items():
        # The costs as they grow take minutes, and are for the eye.
        if options.only == name or (options.only is None and (name != "scaling" or options.figure)):
            print(f"{name} ...", file=sys.stderr, flush=True)
            part(options.rounds, results)
    if options.record:
        RECORD.write_text(json.dumps(results, indent=1) + "\n")
        README.write_text(with_section(README.read_text(), results))
    if options.figure:
        draw(results["scaling"], options.figure)
    print(json.dumps(results) if options.json else as_text(results))


# -- Parts


def cold(rounds: int, results: dict[str, Any]) -> None:
    """Each contestant in a process of its own, each round."""
    seconds = in_turn(("tutorial", "auto", "jax"), rounds)
    keep(results, "cold_tutorial", ratios(seconds["auto"], seconds["tutorial"]))
    keep(results, "cold_jax", ratios(seconds["auto"], seconds["jax"]))
    results["seconds"] |= {f"cold {name}": statistics.median(taken) for name, taken in seconds.items()}
    compiling = in_turn(("compile", "compile_ensemble"), 1)
    results["seconds"] |= {f"cold {name}, nothing cached": taken[0] for name, taken in compiling.items()}


def one_model(rounds: int, results: dict[str, Any]) -> None:
    """A step of one model, warm."""
    from benchmarks import contestants as c

    x, y = c.points()
    steps = EPOCHS * -(-c.POINTS // c.BATCH)
    seconds = race(
        {
            "tutorial": c.tutorial_loop(x, y, EPOCHS // 10),
            "tuned": c.tuned_loop(x, y, EPOCHS // 10),
            "eager": c.one_model(x, y, EPOCHS // 10, "eager"),
            "traced": c.one_model(x, y, EPOCHS, "traced"),
            "compiled": c.one_model(x, y, EPOCHS, "compiled"),
            "auto": c.one_model(x, y, EPOCHS, "auto"),
            "JAX step in a loop": c.jax_step_loop(EPOCHS // 10),
            "JAX jit(scan)": c.jax_one(EPOCHS),
        },
        rounds,
    )
    for slow in ("tutorial", "tuned", "eager", "JAX step in a loop"):  # a tenth of the epochs is enough of these
        seconds[slow] = [10 * s for s in seconds[slow]]
    keep(results, "step_tuned", ratios(seconds["auto"], seconds["tuned"]))
    keep(results, "step_jax", ratios(seconds["compiled"], seconds["JAX jit(scan)"]))
    results["seconds"] |= {f"step, {name}": statistics.median(taken) / steps for name, taken in seconds.items()}


def ensembles(rounds: int, results: dict[str, Any]) -> None:
    """A model-step of an ensemble, warm."""
    from benchmarks import contestants as c

    x, y = c.points()
    for name, members, network in (
        ("ensemble_1024", 1024, "course"),
        ("ensemble_8192", 8192, "course"),
        ("ensemble_relu", 1024, "relu"),
    ):
        runners: dict[str, Callable[[], object]] = {
            "compiled": c.ensemble(x, y, ENSEMBLE_EPOCHS, members, "compiled", network),
            "JAX vmap+jit+scan": c.jax_ensemble(ENSEMBLE_EPOCHS, members, network),
        }
        if name == "ensemble_1024":
            runners |= {
                "eager": c.ensemble(x, y, 1, members, "eager"),
                "traced": c.ensemble(x, y, 1, members, "traced"),
                "torch.compile(vmap)": c.vmap_compiled(x, y, ENSEMBLE_EPOCHS, members),
                "one tuned nn.Module": c.tuned_loop(x, y, ENSEMBLE_EPOCHS),
            }
        seconds = race(runners, rounds)
        epochs = {"eager": 1, "traced": 1}
        of_step = {
            who: [
                s / epochs.get(who, ENSEMBLE_EPOCHS) / 8 / (1 if who == "one tuned nn.Module" else members)
                for s in taken
            ]
            for who, taken in seconds.items()
        }
        keep(results, name, ratios(of_step["compiled"], of_step["JAX vmap+jit+scan"]))
        if name == "ensemble_1024":
            keep(results, "separate", ratios(of_step["one tuned nn.Module"], of_step["compiled"]))
        label = f"model-step of {members}, {network}"
        results["seconds"] |= {f"{label}, {who}": statistics.median(taken) for who, taken in of_step.items()}


def memory(rounds: int, results: dict[str, Any]) -> None:
    """The peak of a process that trains 65,536 members."""
    told = in_child("memory")
    keep(results, "memory", [told["gib"]])
    results["seconds"]["65,536 members, 100 epochs, compiling included"] = told["seconds"]


def scaling(rounds: int, results: dict[str, Any]) -> None:
    """Seconds an epoch against members and against points, compiled and replayed."""
    from benchmarks import contestants as c

    results["scaling"] = {"members": {}, "points": {}}
    x, y = c.points()
    for backend in ("traced", "compiled"):
        # Several chunks are the same program over and over, so a quarter of the rounds shows it.
        taken = {}
        for members in (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536):
            epochs = max(1, min(8, 65536 // members)) if backend == "compiled" else 1
            run = c.ensemble(x, y, epochs, members, backend)
            taken[members] = statistics.median(race({"one": run}, min(rounds, 3))["one"]) / epochs
        results["scaling"]["members"][backend] = taken
        taken = {}
        for size in (1_000, 10_000, 100_000, 1_000_000):
            epochs = max(1, 8192 // size)
            run = c.one_model(*c.points(size), epochs, backend)
            taken[size] = statistics.median(race({"one": run}, min(rounds, 3))["one"]) / epochs
        results["scaling"]["points"][backend] = taken


PARTS = {"cold": cold, "one_model": one_model, "ensembles": ensembles, "memory": memory, "scaling": scaling}


# -- In a process of its own


def child_of(make: Callable[[], Callable[[], object]]) -> float:
    """Seconds of the first call, all that is imported being there before."""
    run = make()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def torch_ready() -> Any:
    """What torch imports at its first gradient and its first graph; JAX has imported all of its own by then."""
    for name in ("torch._dynamo", "torch._inductor", "torch.fx.experimental.proxy_tensor", "benchmarks.contestants"):
        module = importlib.import_module(name)
    return module


def child_memory() -> dict[str, float]:
    c = torch_ready()
    seconds = child_of(lambda: c.ensemble(*c.points(), EPOCHS, 65536, "compiled"))
    return {"gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "seconds": seconds}


def child_jax() -> float:
    import jax

    from benchmarks import contestants as c

    run = c.jax_one(EPOCHS)  # makes the data, and so starts the device
    return child_of(lambda: run) if jax.devices() else 0.0


def torch_child(make: Callable[[Any, Any, Any], Callable[[], object]]) -> Callable[[], float]:
    def run() -> float:
        c = torch_ready()
        x, y = c.points()
        return child_of(lambda: make(c, x, y))

    return run


CHILDREN: dict[str, Callable[[], Any]] = {
    "tutorial": torch_child(lambda c, x, y: c.tutorial_loop(x, y, EPOCHS)),
    "auto": torch_child(lambda c, x, y: c.one_model(x, y, EPOCHS, "auto")),
    "jax": child_jax,
    "compile": torch_child(lambda c, x, y: c.one_model(x, y, EPOCHS, "compiled")),
    "compile_ensemble": torch_child(lambda c, x, y: c.ensemble(x, y, 8, 1024, "compiled")),
    "memory": child_memory,
}


def in_child(name: str) -> Any:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.race", "--child", name],
        cwd=HERE.parent,
        env=os.environ | {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(told.stdout.splitlines()[-1])


def in_turn(names: tuple[str, ...], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            taken[name].append(in_child(name))
    return taken


# -- Figures


def race(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    from xorfunc.devices import interleaved

    # Twice, since TorchScript's interpreter optimises on its second call.
    return {name: list(timing.seconds) for name, timing in interleaved(contestants, warmup=2, rounds=rounds).items()}


def ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def keep(results: dict[str, Any], name: str, values: list[float]) -> None:
    results["ratios"][name] = {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
    }


def machine(threads: int) -> dict[str, str]:
    from importlib.metadata import version

    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": str(threads),
        **{name: version(name) for name in ("torch", "jax")},
    }


def as_rows(results: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """What was raced, the median, the span of the rounds, the bound, and whether it is kept."""
    rows: list[tuple[str, str, str, str, str]] = []
    for name, (text, must, aim) in FIGURES.items():
        if name in results["ratios"]:
            figure = results["ratios"][name]
            at_least = name == "separate"
            kept = figure["median"] >= must if at_least else figure["median"] <= must
            reached = figure["median"] >= aim if at_least else figure["median"] <= aim
            digits = ".0f" if at_least else ".2f"
            rows.append((
                text,
                f"{figure['median']:{digits}}",
                f"{figure['lowest']:{digits}} to {figure['highest']:{digits}}",
                f"{'at least' if at_least else 'at most'} {must:g}, aim {aim:g}",
                "aim reached" if reached else "held" if kept else "missed",
            ))  # fmt: skip
    return rows


def as_text(results: Mapping[str, Any]) -> str:
    rows = [("figure", "median", "rounds", "bound", ""), *as_rows(results)]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", *(f"{1e6 * s:14,.2f} us  {name}" for name, s in results["seconds"].items())]
    return "\n".join(lines)


def section(results: Mapping[str, Any]) -> str:
    """The README's table."""
    machine = results["machine"]
    lines = [
        BEGIN,
        f"On {machine['cores']} cores of {machine['processor']}, torch {machine['torch']}, JAX {machine['jax']}; "
        f"medians of {results['rounds']} rounds taken in turn:",
        "",
        "| 1000 points, batches of 128, the course's 2-4-1 network | median | rounds | bound | |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in as_rows(results)),
        "",
        *compiling(results["seconds"]),
        "Repeat it with `python -m benchmarks.race` (the extra `jax` is needed); with `--figure cost.png` it draws the "
        "cost against members and points.",
        END,
    ]
    return "\n".join(lines)


def compiling(seconds: Mapping[str, float]) -> list[str]:
    """What `compiled` takes before its first step."""
    first, many = (seconds.get(f"cold {name}, nothing cached") for name in ("compile", "compile_ensemble"))
    if first is None or many is None:
        return []
    return [f"Compiling, with nothing cached, took {first:.0f} s for one network and {many:.0f} s for an ensemble."]


def with_section(readme: str, results: Mapping[str, Any]) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not before or not after:
        raise ValueError(f"{README.name} has no section between {BEGIN!r} and {END!r}: put both lines where it goes.")
    return before + section(results) + after


def draw(scaling: Mapping[str, Any], path: str) -> None:
    from xorfunc import plot

    for what, suffix in (("members", "members"), ("points", "points")):
        series = scaling[what]
        num = [int(n) for n in next(iter(series.values()))]
        figure = plot.scaling(num, {name: list(taken.values()) for name, taken in series.items()}, xlabel=what)
        figure.savefig(Path(path).with_stem(f"{Path(path).stem}-{suffix}"), dpi=150)


if __name__ == "__main__":
    main()
