"""The plan on the screen: a few lines by stage and server, or every step with its difference; and the drift."""

from __future__ import annotations

from collections import Counter

from live_cluster.cli.output import Output
from live_cluster.messages import Message, message
from live_cluster.plan.step import Impact, Plan, Stage, Step
from live_cluster.probes.simulation import Effect
from live_cluster.render.cib_foreign import ForeignObject

# A plan that fits a glance is shown step by step in any case.
GLANCE = 12
_STYLES = {Impact.REPLACES_DATA: "red", Impact.OUTAGE: "yellow", Impact.FAILOVER: "yellow"}
_EFFECTS = frozenset(
    ("start", "stop", "restart", "reload", "recover", "move", "migrate", "promote", "demote", "fence")
)


def show_plan(plan: Plan, output: Output, *, in_full: bool) -> None:
    """Everything that would be done, and the worst that users notice of it."""
    output.say(message("plan-title", count=len(plan.steps)))
    if in_full or len(plan.steps) <= GLANCE:
        for step in plan.steps:
            _show_step(step, output, with_preview=in_full)
    else:
        for stage in plan.stages:
            _show_stage(stage, output)
        output.say(message("plan-in-full"))
    output.say(message("plan-impact", impact=impact_words(plan.impact, output)))


def show_drift(objects: tuple[ForeignObject, ...], output: Output, *, node: str, pruned_to: str) -> None:
    """What is in the CIB and not ours, and what becomes of it."""
    if not objects:
        return
    title = message("drift-pruned-title", node=node, place=pruned_to) if pruned_to else message("drift-title")
    output.say(title)
    for one in objects:
        kind = message(f"drift-kind-{one.kind.value}")
        text = message("drift-object", kind=kind, id=one.id, about=one.about)
        output.line(f"  {output.words(text)}")


def impact_words(impact: Impact, output: Output) -> str:
    """What users of the product notice."""
    return output.words(message(f"impact-{impact.name.lower().replace('_', '-')}"))


def effect_message(effect: Effect) -> Message:
    """One thing that Pacemaker would do, as a sentence."""
    code = f"effect-{effect.action}" if effect.action in _EFFECTS else "effect-other"
    return message(
        code,
        action=effect.action,
        resource=effect.resource,
        source=effect.source,
        target=effect.target,
    )


def _show_step(step: Step, output: Output, *, with_preview: bool) -> None:
    text = f"  {step.node}: {output.words(step.title)}{_marked(step.impact, output)}"
    output.line(text, style=_STYLES.get(step.impact, ""))
    _show_effects(step, output)
    if with_preview or step.always_shown:
        _show_preview(step, output)
    if with_preview and step.preview_note:
        output.line(f"      {output.words(step.preview_note)}", style="dim")


def _show_stage(stage: Stage, output: Output) -> None:
    counts = Counter(step.node for step in stage.steps)
    servers = ", ".join(f"{node} {count}" for node, count in counts.items())
    worst = max(step.impact for step in stage.steps)
    text = f"  {output.words(stage.title)}: {servers}{_marked(worst, output)}"
    output.line(text, style=_STYLES.get(worst, ""))
    for step in stage.steps:
        _show_effects(step, output)
        if step.always_shown:
            _show_preview(step, output)


def _show_preview(step: Step, output: Output) -> None:
    for line in step.preview.splitlines():
        output.line(f"      {line}", style={"+": "green", "-": "red"}.get(line[:1], "dim"))


def _show_effects(step: Step, output: Output) -> None:
    if step.effects is None:
        return
    for text in [effect_message(one) for one in step.effects] or [message("effect-nothing")]:
        output.line(f"      {output.words(text)}")


def _marked(impact: Impact, output: Output) -> str:
    return "" if impact is Impact.NONE else f"  [{impact_words(impact, output)}]"
