"""One episode: an agent in an environment, until there is a grade."""

from __future__ import annotations

from ostinato.rl.types import Agent, Env, RewardRule, Trajectory, Transition


def play(env: Env, agent: Agent, rule: RewardRule | None = None) -> Trajectory:
    """Let ``agent`` act in a fresh ``env``. Environments bound their turns themselves."""
    observation = env.begin()
    transitions: list[Transition] = []
    while True:
        action = agent.act(observation)
        step = env.step(action)
        transitions.append(Transition(observation, action, step.metrics))
        if step.grade is not None:
            reward = (rule or RewardRule())(step.grade)
            return Trajectory(tuple(transitions), step.grade, reward)
        assert step.observation is not None, "an episode without a grade goes on"
        observation = step.observation
