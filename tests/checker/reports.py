"""Reports in which everything occurs that a report can hold, harmful text included."""

import hypothesis.strategies as st

from checker.verdict import Failure, Report, Verdict

HARMFUL = "<script src='http://x.example/a.js'>alert(1)</script> & ]]> \x00\x1b[31m\x85\u202e\ud800\ufffe \"quoted\""

FAILURES = (
    Failure(
        "agrees", "`double` has wrong values.", f"double('{HARMFUL}')", "2", "3", "[0]: expected 2, got 3", "1.a.b"
    ),
    Failure("pure", "`double` changes its argument.", "double(y)", "one\ntwo", HARMFUL),
)
VERDICTS = (
    Verdict("rows", "passed", "", 0.5),
    Verdict("watched", "passed", "watched on a stand-in for a GPU: moving there", printed=f"{HARMFUL}\n" * 30),
    Verdict("columns", "todo", "still to write", hints=2),
    Verdict("double", "failed", "`double` has wrong values.\nReally.", 0.1, FAILURES, "tripled", f"Three. {HARMFUL}"),
    Verdict("raised", "error", f"`raised` raised {HARMFUL}", traceback=f"  line 3, in raised\n    {HARMFUL}"),
    Verdict("slow", "timeout", "`slow` did not finish in time."),
    Verdict("loud", "crashed", "`loud` crashed."),
    Verdict("gone", "missing", "mine.py has no `gone`."),
    Verdict("broken", "invalid", "mine.py is not valid Python:\n    def\n       ^"),
)
REPORT = Report("exercise1", "cpu", 7, VERDICTS, 1234.5678, f"exercises/{HARMFUL}.py")
DONE = Report("exercise2", "cpu", 0, (Verdict("total", "passed", ""),), 0.25)

_text = st.text(st.characters(codec=None), max_size=30)
_perhaps = st.none() | _text
_failures = st.builds(Failure, _text, _text, _perhaps, _perhaps, _perhaps, _perhaps, _perhaps)
_verdicts = st.builds(
    Verdict,
    _text,
    st.sampled_from(["passed", "todo", "failed", "error", "timeout", "crashed", "missing", "invalid"]),
    _text,
    st.floats(0, 1e5),
    st.lists(_failures, max_size=2).map(tuple),
    _perhaps,
    _perhaps,
    _perhaps,
    _text,
)
reports = st.builds(
    Report,
    st.just("exercise1"),
    st.just("cpu"),
    st.integers(),
    st.lists(_verdicts, max_size=3).map(tuple),
    st.floats(0, 1e5),
    _text,
)
"""Reports with any text in any place."""
