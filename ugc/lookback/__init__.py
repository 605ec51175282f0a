"""Looking back: where the public reports of a view were in a span of time, how many began when, and
what was there at each moment of it. It only reads: `rules` choose spans and bars, `queries` count.
"""
