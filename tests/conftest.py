"""What every test runs under: shapes checked at run time, fixed draws, one thread."""

import hypothesis
import jaxtyping
import pytest
import torch
from beartype import BeartypeConf, beartype

# An int is a float to the type checkers that read the annotations, so it is one here.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))

# Before anything imports the library: each annotation in it becomes a check, here and nowhere else.
jaxtyping.install_import_hook("xorfunc", f"{__name__}.checked")

# The same draws on every run, so that no failure is a matter of luck, and no deadline, so that a busy machine is none.
hypothesis.settings.register_profile("xorfunc", derandomize=True, database=None, deadline=None, max_examples=20)
hypothesis.settings.load_profile("xorfunc")

# pytest-xdist already keeps every core busy.
torch.set_num_threads(1)


@pytest.fixture
def no_shape_checks():
    """The library as users run it: to see its own messages, and for `torch.compile`, which can't trace the checks."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
