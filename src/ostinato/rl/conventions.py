"""What other frameworks' options for CISPO mean, as absolute bounds of the weight.

The name is one, the options are six: an absolute cap (TRL, ms-swift, Liger), an offset from 1
above (open-instruct), offsets on both sides (verl, slime, SkyRL, NeMo-RL), absolute bounds on
both sides (Tinker). The same 0.2 means a cap of 0.2 here and of 1.2 there. Each function returns
what is meant and, as sentences, what the setting is likely to do to a run; `equivalents` goes
the other way. This is as of August 2026 (TRL 1.16, verl 0.9, NeMo-RL 0.7), from the sources;
Tinker's is from its documentation. All take one mean over the tokens of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ostinato.base.errors import UserError

_FLOOR = (
    "The weight has a floor of {0:g}: a token that the policy has given up is still pushed with"
    " {0:g} times its gradient; the report has no floor."
)
_SHRUNK = (
    "The cap of {0:g} is below 1: on-policy every weight is {0:g}, so that this is REINFORCE"
    " with {0:g} times the gradient."
)
_TIGHT = "The cap of {0:g} is close to 1: rare tokens are held back; 4 to 8 is what ScaleRL tried."


@dataclass(frozen=True)
class Weights:
    """Bounds of the weight, absolute: what `losses.cispo` and `TokenRule.cispo` take."""

    max_weight: float
    min_weight: float = 0.0
    traps: tuple[str, ...] = ()
    """What whoever chose the options may not have meant; one sentence each."""


def from_trl(epsilon_high: float | None = None, epsilon: float = 0.2) -> Weights:
    """TRL, ``GRPOConfig(loss_type="cispo")``: min(r, epsilon_high), no floor. Unset,
    ``epsilon_high`` is ``epsilon``.
    """
    traps: list[str] = []
    if epsilon_high is None:
        traps.append(f"epsilon_high is unset, so that epsilon, {epsilon:g}, is the absolute cap.")
    return _weights(epsilon if epsilon_high is None else epsilon_high, 0.0, traps)


def from_swift(epsilon_high: float | None = None, epsilon: float = 0.2) -> Weights:
    """ms-swift, ``--loss_type cispo``: as TRL."""
    return from_trl(epsilon_high, epsilon)


def from_liger(epsilon_high: float | None = None, epsilon: float = 0.2) -> Weights:
    """Liger, ``LigerFusedLinearGRPOLoss(loss_type="cispo")``: as TRL."""
    return from_trl(epsilon_high, epsilon)


def from_verl(clip_ratio_low: float = 0.2, clip_ratio_high: float = 0.2) -> Weights:
    """verl, ``policy_loss.loss_mode=cispo``: clip(r, 1 - low, 1 + high)."""
    return _offsets(clip_ratio_low, clip_ratio_high)


def from_slime(eps_clip: float = 0.2, eps_clip_high: float | None = None) -> Weights:
    """slime, ``--advantage-estimator cispo``: clip(r, 1 - eps_clip, 1 + eps_clip_high). Unset,
    ``eps_clip_high`` is ``eps_clip``.
    """
    return _offsets(eps_clip, eps_clip if eps_clip_high is None else eps_clip_high)


def from_skyrl(eps_clip_low: float = 1.0, eps_clip_high: float = 4.0) -> Weights:
    """SkyRL, ``policy_loss_type=cispo``: clip(r, 1 - low, 1 + high). Its defaults were 0.2 and
    0.2, then 0 and 5 (a floor of 1!), and are 1 and 4 since July 2026.
    """
    return _offsets(eps_clip_low, eps_clip_high)


def from_nemo_rl(ratio_clip_min: float, ratio_clip_max: float) -> Weights:
    """NeMo-RL, ``loss_fn.use_cispo``: clip(r, 1 - ratio_clip_min, 1 + ratio_clip_max)."""
    return _offsets(ratio_clip_min, ratio_clip_max)


def from_open_instruct(clip_higher: float = 0.272) -> Weights:
    """open-instruct, ``--loss_fn cispo``: min(r, 1 + clip_higher), no floor."""
    trap = "open-instruct adds a KL term (beta 0.05) unless told not to; the report has none."
    return _weights(1 + clip_higher, 0.0, [trap])


def from_tinker(clip_low_threshold: float, clip_high_threshold: float) -> Weights:
    """Tinker, ``cispo``: clip(r, clip_low_threshold, clip_high_threshold); both are absolute."""
    return _weights(clip_high_threshold, clip_low_threshold, [])


def equivalents(max_weight: float, min_weight: float = 0.0) -> Mapping[str, str]:
    """How each framework is told these bounds; one that cannot have a floor is left out."""
    if not 0 <= min_weight <= max_weight or max_weight <= 0:
        raise UserError(f"0 <= min_weight <= max_weight; got {min_weight:g} and {max_weight:g}.")
    low, high, cap = f"{1 - min_weight:g}", f"{max_weight - 1:g}", f"{max_weight:g}"
    both = {
        "verl": f"clip_ratio_low={low} clip_ratio_high={high}",
        "slime": f"--eps-clip {low} --eps-clip-high {high}",
        "SkyRL": f"eps_clip_low={low} eps_clip_high={high}",
        "NeMo-RL": f"ratio_clip_min={low} ratio_clip_max={high}",
        "Tinker": f"clip_low_threshold={min_weight:g} clip_high_threshold={cap}",
    }
    if min_weight > 0:
        return both
    return both | {
        "TRL": f"epsilon_high={cap}",
        "ms-swift": f"--epsilon_high {cap}",
        "Liger": f"epsilon_high={cap}",
        "open-instruct": f"--clip_higher {high}",
    }


def _offsets(low: float, high: float) -> Weights:
    return _weights(1 + high, max(0.0, 1 - low), [])


def _weights(cap: float, floor: float, traps: list[str]) -> Weights:
    if not 0 <= floor <= cap or cap <= 0:
        raise UserError(
            f"these options clip the weight to {floor:g}..{cap:g}; expected 0 <= low <= high > 0."
        )
    found = list(traps)
    if floor > 0:
        found.append(_FLOOR.format(floor))
    if cap < 1:
        found.append(_SHRUNK.format(cap))
    elif cap < 2:
        found.append(_TIGHT.format(cap))
    return Weights(cap, floor, tuple(found))
