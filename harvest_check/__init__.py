"""Looks at a DCAT feed from outside, over HTTP, as harvesters and the quality assessment of data.europa.eu do.

:func:`harvest_check.check.check` walks the pages of any feed, asks its addresses, reads its dumps again, validates,
scores and compares; :mod:`harvest_check.report` says what was found. It knows nothing of this project's releases.
"""
