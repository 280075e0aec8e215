"""What is known of reasoning-gym's generators without the package: their levels, their cost, and
what is wrong with some. Measured on version 0.1.25 of the package.
"""

from __future__ import annotations

VERSION = "0.1.25"
LEVELS: dict[str, dict[str, int]] = {
    "algebra": {
        "complex_arithmetic": 4,
        "intermediate_integration": 3,
        "polynomial_equations": 4,
        "polynomial_multiplication": 4,
        "simple_equations": 4,
        "simple_integration": 4,
    },
    "algorithmic": {
        "ab": 4,
        "base_conversion": 5,
        "binary_alternation": 4,
        "binary_matrix": 4,
        "caesar_cipher": 4,
        "count_primes": 5,
        "cryptarithm": 4,
        "game_of_life": 4,
        "game_of_life_halting": 4,
        "graph_color": 4,
        "group_anagrams": 4,
        "isomorphic_strings": 4,
        "jugs": 4,
        "letter_counting": 5,
        "letter_jumble": 5,
        "manipulate_matrix": 5,
        "number_filtering": 4,
        "number_sorting": 5,
        "palindrome_generation": 4,
        "palindrome_partitioning": 4,
        "pool_matrix": 4,
        "ransom_note": 4,
        "rotate_matrix": 5,
        "rotten_oranges": 4,
        "sentence_reordering": 4,
        "spell_backward": 5,
        "spiral_matrix": 4,
        "string_insertion": 4,
        "string_manipulation": 5,
        "string_splitting": 4,
        "string_synthesis": 4,
        "word_ladder": 3,
        "word_sequence_reversal": 4,
        "word_sorting": 5,
    },
    "arc": {
        "arc_1d": 4,
        "arc_agi": 4,
        "rearc": 5,
    },
    "arithmetic": {
        "basic_arithmetic": 5,
        "bitwise_arithmetic": 5,
        "calendar_arithmetic": 4,
        "chain_sum": 5,
        "count_bits": 5,
        "decimal_arithmetic": 4,
        "decimal_chain_sum": 5,
        "dice": 4,
        "fraction_simplification": 4,
        "gcd": 4,
        "gsm_symbolic": 1,
        "lcm": 4,
        "leg_counting": 5,
        "number_format": 4,
        "power_function": 5,
        "prime_factorization": 4,
        "products": 5,
        "time_intervals": 5,
    },
    "code": {
        "bf": 3,
    },
    "cognition": {
        "color_cube_rotation": 5,
        "figlet_font": 5,
        "modulo_grid": 5,
        "needle_haystack": 3,
        "number_sequence": 1,
        "rectangle_count": 5,
        "rubiks_cube": 5,
    },
    "games": {
        "boxnet": 5,
        "countdown": 5,
        "emoji_mystery": 5,
        "futoshiki": 4,
        "kakurasu": 4,
        "knight_swap": 5,
        "mahjong_puzzle": 4,
        "maze": 4,
        "mini_sudoku": 5,
        "n_queens": 5,
        "puzzle24": 5,
        "rush_hour": 4,
        "sokoban": 4,
        "sudoku": 5,
        "survo": 4,
        "tower_of_hanoi": 4,
        "tsumego": 4,
    },
    "geometry": {
        "advanced_geometry": 4,
        "simple_geometry": 4,
    },
    "graphs": {
        "course_schedule": 5,
        "family_relationships": 5,
        "largest_island": 4,
        "path_star": 4,
        "quantum_lock": 5,
        "shortest_path": 4,
    },
    "induction": {
        "acre": 1,
        "list_functions": 1,
    },
    "logic": {
        "aiw": 5,
        "circuit_logic": 3,
        "knights_knaves": 4,
        "propositional_logic": 5,
        "self_reference": 5,
        "syllogism": 4,
        "zebra_puzzles": 5,
    },
    "probability": {
        "coin_flip": 5,
    },
}
"""How many levels each generator has, by the package's own categories: the steps of its curriculum,
at most five; fewer where a further step fails or never ends.
"""

EXCLUDED = {
    "codeio": "runs programs that a model wrote, in this process; some of them draw from the clock "
    "or from global random numbers",
    "composite": "a mixture of other generators, with none of its own",
}
"""Generators that are no environments, and why."""

FIRST = {"sokoban": 1}
"""The step of a curriculum that level 1 stands for, where it is not 0: boards of six or seven
fields take up to minutes to fill.
"""

CAPS = {
    "caesar_cipher": {"rotation": 1},  # further steps are more than the alphabet has
    "jugs": {"num_jugs": 0},  # its solver knows three jugs only
    "number_format": {"max_delta": 1},  # further steps round to nothing: all candidates are equal
    "rubiks_cube": {"cube_size": 0},  # moves of inner layers cannot be written in an answer
    "survo": {"empty": 1},  # further steps are refused
}
"""Attributes of a curriculum that stop at a step."""

FIELDS = {
    "knight_swap": {"min_nodes": 6, "max_nodes": 6},
    "modulo_grid": {"max_target": 1},
}
"""Fields of a configuration that the curriculum sets lower than the generator allows."""

GLOBAL_RANDOM = frozenset({"list_functions", "pool_matrix"})
"""Generators that draw from, or seed, the global random numbers of Python and numpy."""

NOISY = frozenset({"bf", "rectangle_count", "tower_of_hanoi"})
"""Generators that write to the standard output, or whose scorers do."""

REUSED = frozenset(
    {"arc_agi", "figlet_font", "group_anagrams", "n_queens", "rush_hour", "word_ladder"}
)
"""Generators that take long to set up and do not set up by seed: they are set up once."""

UNANSWERED = frozenset(
    {"boxnet", "graph_color", "knight_swap", "propositional_logic", "rubiks_cube", "rush_hour"}
)
"""Generators that give no answer of their own, or not always the same one."""

SLOW: dict[str, dict[int, int]] = {
    "bf": {3: 320},
    "countdown": {4: 70, 5: 70},
    "futoshiki": {4: 160},
    "game_of_life": {3: 70, 4: 350},
    "kakurasu": {4: 180},
    "knight_swap": {1: 780, 2: 990, 3: 530, 4: 380, 5: 370},
    "polynomial_multiplication": {3: 60, 4: 130},
    "sokoban": {1: 120, 2: 150, 3: 70, 4: 300},
    "zebra_puzzles": {3: 60, 4: 240, 5: 1070},
}
"""Milliseconds per task, by level, where they are more than 50: these tasks are kept on disk."""

GUESSABLE = {
    "acre": 0.41,
    "aiw": 0.28,
    "boxnet": 0.27,
    "circuit_logic": 0.64,
    "coin_flip": 0.4,
    "count_bits": 0.26,
    "course_schedule": 0.58,
    "family_relationships": 0.35,
    "game_of_life_halting": 0.52,
    "gcd": 0.29,
    "isomorphic_strings": 0.55,
    "largest_island": 0.5,
    "letter_counting": 0.5,
    "mahjong_puzzle": 0.42,
    "modulo_grid": 0.22,
    "n_queens": 0.68,
    "polynomial_equations": 0.47,
    "propositional_logic": 1.0,
    "ransom_note": 0.56,
    "rectangle_count": 0.23,
    "self_reference": 0.38,
    "shortest_path": 0.46,
    "syllogism": 0.92,
    "tower_of_hanoi": 0.23,
    "zebra_puzzles": 0.53,
}
"""The share of tasks of level 1 that the best constant answer gets right, or a blind guess, where
it is more than 0.2.
"""
