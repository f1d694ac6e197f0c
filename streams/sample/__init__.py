"""The sample firehose that the demo replays when it is given no file: made from a seed, with its ground truth.

``firehose.make_firehose`` makes the lines, ``check.check_account`` holds the account of a run against the truth.
"""
