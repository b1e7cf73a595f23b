"""Never gets to its end when it is imported."""

import time

while True:
    time.sleep(1)
