"""Phrase tables of the sample firehose: data only, one phrase a line, ``<slot>`` filled from the table of that name.

``§`` stands for the brand's name as people write it. Every phrase is invented.
"""
