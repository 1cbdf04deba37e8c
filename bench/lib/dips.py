"""What a series of I/Os, counted in equal steps of time, says about a cache that fills."""

WORST_S = 5


def rate(counts, step_s):
    """I/Os per second."""
    return sum(counts) / (len(counts) * step_s) if counts else 0.0


def worst(counts, step_s):
    """The rate in the worst WORST_S seconds."""
    window = round(WORST_S / step_s)
    return min(rate(counts[at:at + window], step_s) for at in range(max(1, len(counts) - window + 1)))


def filling(counts, step_s, half_a_cache):
    """The rate until so many I/Os were answered, and the rate in the last half of the time."""
    answered, until = 0.0, 0
    while until < len(counts) and answered < half_a_cache:
        answered += counts[until]
        until += 1
    return rate(counts[:until], step_s), rate(counts[len(counts) // 2:], step_s)
