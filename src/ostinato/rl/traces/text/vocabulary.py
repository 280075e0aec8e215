"""Words to write about."""

_WORDS = """
apple basket bell boat book bottle box branch bread bridge brush bucket button candle card
carpet castle chair clock cloud coat coin corn cup dish door drum eagle egg farm feather
fence field fire fish flag flower forest fork fox garden gate glass glove goat grape hammer
harp hat hill honey horse house island jar kettle key kite knife ladder lake lamp leaf lemon
letter lion map market melon mill mirror moon mountain nail needle nest oak onion orange oven
owl paper path pear pencil piano pillow plate plum pond pot rabbit rain ring river road roof
rope rose sail salt sand scarf school ship shoe silver spoon star stone street sugar swan
table tent tiger tower tree valley village violin wagon wall watch water wheel wind window
wolf wood wool
"""
WORDS = tuple(_WORDS.split())
COLOURS = ("red", "green", "blue", "grey", "yellow", "black", "white", "brown")
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gina", "Hal", "Ida", "Jim", "Kim", "Lea")
