"""Segment's tracking calls (identify, track, page, screen, group, alias) as facts of ours.

Comes in: the bytes of a request (`bodies`). Goes out: a `RawEvent` for each call (`calls`), with the person it is
about and what it says of them (`traits`). One bad call of a batch is told and the others are taken. No I/O, no clock.
"""
