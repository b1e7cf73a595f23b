"""One training in both styles, side by side: as programs, as trajectories, as times.

A function of a dict of parameters and an `nn.Module` can be the same network. From equal parameters and equal batches
both take equal steps, within rounding: `compare_styles` runs them and measures what parts them. `FUNCTIONAL` and
`MODULE` are that training as two programs to read, and `TRANSLATIONS` are the two styles as a dictionary, habit by
habit.
"""

from xorfunc.compare.programs import FUNCTIONAL as FUNCTIONAL
from xorfunc.compare.programs import MODULE as MODULE
from xorfunc.compare.programs import seeded as seeded
from xorfunc.compare.run import Comparison as Comparison
from xorfunc.compare.run import compare_styles as compare_styles
from xorfunc.compare.translations import SETTING as SETTING
from xorfunc.compare.translations import TRANSLATIONS as TRANSLATIONS
from xorfunc.compare.translations import Translation as Translation
