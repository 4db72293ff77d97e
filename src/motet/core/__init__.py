"""The shared words of Motet, all pure: nothing here does I/O or reads a clock.

Comes in: plain values. Goes out: frozen structs and enums that every other package speaks.
"""
