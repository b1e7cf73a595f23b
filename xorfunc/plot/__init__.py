"""Figures of the course. A figure is a function of data: it opens no window and touches no global state of matplotlib.

Colours are safe for colour-blind eyes (`xorfunc.plot.palette`), and nothing is told by its colour alone. Show a figure
by returning it in a notebook, or write it with `figure.savefig`.
"""

from xorfunc.plot.animation import training_animation as training_animation
from xorfunc.plot.boundary import decision_boundary as decision_boundary
from xorfunc.plot.cost import matmul_times as matmul_times
from xorfunc.plot.cost import scaling as scaling
from xorfunc.plot.descent import loss_surface as loss_surface
from xorfunc.plot.descent import parameter_paths as parameter_paths
from xorfunc.plot.diagram import network as network
from xorfunc.plot.disagreement import ensemble as ensemble
from xorfunc.plot.graphs import computation_graph as computation_graph
from xorfunc.plot.losses import loss_curves as loss_curves
from xorfunc.plot.losses import styles as styles
from xorfunc.plot.palette import BLUE as BLUE
from xorfunc.plot.palette import VERMILION as VERMILION
from xorfunc.plot.points import samples as samples
