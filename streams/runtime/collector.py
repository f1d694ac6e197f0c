"""Python's cycle collector, set for workers that make and drop many objects without cycles."""

import gc


def tune_collector() -> None:
    """Take what is loaded out of every later search, and search seldom.

    Batches and blocks make tens of thousands of objects without cycles; looking for cycles at every 700th costs a
    quarter of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
