"""Checks a DCAT feed over HTTP, as harvesters and the quality assessment of data.europa.eu do.

:func:`harvest_check.check.check` walks the pages of any feed, requests its addresses, parses its dumps,
validates, scores and compares; :mod:`harvest_check.report` prints the result. It does not use this project's releases.
"""
