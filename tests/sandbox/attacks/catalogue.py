"""All attacks on the sandbox."""

from __future__ import annotations

from attacks.files import FILES
from attacks.hoards import HOARDS
from attacks.inside import NEIGHBOURS, SECRETS
from attacks.kernel import KERNEL
from attacks.moments import MOMENTS
from attacks.network import NETWORK
from attacks.noun import Attack
from attacks.processes import PROCESSES
from attacks.resources import RESOURCES
from attacks.touching import TOUCHING

ATTACKS: tuple[Attack, ...] = (
    *FILES,
    *NETWORK,
    *PROCESSES,
    *TOUCHING,
    *HOARDS,
    *RESOURCES,
    *KERNEL,
    *MOMENTS,
    *SECRETS,
    *NEIGHBOURS,
)
BY_NAME = {attack.name: attack for attack in ATTACKS}
assert len(BY_NAME) == len(ATTACKS), "two attacks of one name"
