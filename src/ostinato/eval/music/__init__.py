"""The suite ``music``: five tasks of understanding, each the published way and the clean way."""
