"""Everyday words that the textual puzzles are told with. Their order is part of every task."""

from __future__ import annotations

from collections.abc import Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def named(words: Sequence[str]) -> str:
    """The words as a list in a sentence: ``a, b and c``."""
    assert words, "a list of something"
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


PEOPLE = _words(
    """
    Ada Bela Carlo Dina Emre Fay Gus Hana Ivo Juno Kai Lena Milo Nora Otis Pia Quinn Rosa Sven
    Tara Umar Vera Wim Xenia Yusuf Zoe
    """
)
GOODS = _words(
    """
    apple bell brush candle clock comb cup drum fan flute fork globe hammer hat jar kettle key
    kite ladder lamp lantern magnet map mirror needle net oar pencil pillow plate ribbon rope
    scarf shell spoon stamp sword ticket torch towel umbrella vase violin wallet whistle
    """
)
COLOURS = _words(
    """
    black blue brown green grey orange pink red white yellow
    """
)
SIZES = _words(
    """
    small medium large
    """
)
ROOMS = _words(
    """
    archive armoury atrium attic bakery ballroom barn bathroom bedroom brewery cabin
    canteen cellar chapel cloakroom corridor courtyard dairy den dungeon forge foyer gallery
    garage greenhouse gym hall hayloft infirmary kitchen laboratory laundry library loft
    lounge museum nursery office orchard pantry parlour printshop sauna scullery stable
    studio study theatre tower vault workshop
    """
)
TOWNS = _words(
    """
    Alder Birch Cedar Drift Ember Fern Grove Heath Iris Jasper Knoll Larch Maple Nettle Opal
    Pine Quarry Reed Sage Thorn
    """
)
WORDS = _words(
    """
    acorn actor almond anchor angle apron arrow autumn badge bagel bamboo banjo barrel basin
    basket beach beaver bench berry bicycle blanket blossom bottle bowl branch brass bread
    bridge bronze bucket butter button cactus camel camera candy canoe canvas carbon carpet
    carrot castle cement cherry chimney circle clay cliff cloud clover coast cobalt coffee
    collar copper coral corner cotton cousin cradle crane crayon creek cricket crystal curtain
    daisy desert diamond dinner doctor dolphin donkey dragon drawer eagle early earth easel
    elbow engine evening fabric falcon farmer feather fence ferry fiddle field finger flag
    flame flour flower forest fossil fountain fox frost garden garlic giant ginger glacier
    glass glove goat gold grain granite grape grass gravel hammock harbor harvest hazel helmet
    heron hill honey horizon horse hotel hunter igloo insect island ivory jacket jelly jewel
    jigsaw juice jungle kennel kitten knee ladle lagoon lake lemon letter lettuce lily lime
    linen lion lizard lobster locket lumber magpie mango marble market meadow melon metal
    midnight mill mint mitten mole monkey moon morning moss mountain mouse mud mustard napkin
    nest nickel night north nutmeg oak oasis oat ocean olive onion orbit orchid otter oven
    oyster paddle paint palace panda paper parrot pasta path peach pearl pebble pepper petal
    piano picnic pigeon planet plum pocket poet pond pony poppy potato powder puddle pumpkin
    puppet quartz quilt rabbit raft rain raven ribbon rice river robin rocket roof root rose
    rudder saddle sailor salmon salt sand satin school seal seed shadow sheep shelf shore silk
    silver sister sky sleeve snail snow soap sofa soup south spark spice spider spring spruce
    squirrel star stone storm stove straw stream sugar summer sunset swan table teapot temple
    tent thumb thunder tiger timber tomato trail train tulip tunnel turtle valley velvet
    village vine violet wagon walnut water wheat wheel willow window winter wolf wool yarn
    yogurt zebra zinc
    """
)
KEY_WORDS = _words(
    """
    bright blanket captive dolphin emblazon farming glowing hamster island jukebox kingdom
    lantern monster nightfox outlawed picture quickly rainbow shadowy thunder upwards vintage
    warship zephyr
    """
)
