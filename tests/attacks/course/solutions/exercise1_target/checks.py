"""What is asked of the exercise that is attacked."""

from checker.spec import check, differentiates, tensor

check("target", x=tensor("M N"), y=tensor("M N"), least={"M": 0}, laws=[differentiates("x")])
check("neighbour", x=tensor("N"))
