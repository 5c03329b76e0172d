"""A second language, never used for tuning: other words, another length, and more left open."""

from __future__ import annotations

from .grammar import Choice, Grammar, Slot, echo, uniform


def kitchen() -> Grammar:
    """Return a grammar of kitchen orders: five dishes, 12 words, most choices voiced only once."""
    return Grammar(
        choices=(
            Choice("dish", uniform(5)),
            Choice("step", (0.3, 0.2, 0.2, 0.1, 0.1, 0.1)),
            Choice("count", uniform(5)),
            Choice("taste", uniform(7)),
            Choice("kind", (0.5, 0.3, 0.2)),
            Choice("vessel", uniform(4)),
            Choice("time", uniform(6)),
            Choice("care", echo(6, 0.7), parent="step"),
            Choice("guest", uniform(5)),
        ),
        slots=(
            Slot(("step",), ("chop", "stir", "fry", "bake", "rinse", "mash")),
            Slot(("care",), ("finely", "gently", "briskly", "evenly", "thoroughly", "patiently")),
            Slot(("count",), ("two", "three", "five", "seven", "ten")),
            Slot(("taste",), ("ripe", "fresh", "frozen", "salted", "sweet", "bitter", "spicy")),
            Slot(
                ("dish", "kind"),
                (
                    ("leeks", "beans", "lentils"),
                    ("plums", "cherries", "almonds"),
                    ("radishes", "tomatoes", "olives"),
                    ("onions", "peppers", "potatoes"),
                    ("seeds", "walnuts", "raisins"),
                ),
            ),
            Slot(("vessel",), ("in", "on", "under", "inside")),
            Slot(("vessel",), ("kettles", "trays", "lids", "ovens")),
            Slot(("time",), ("for", "until", "before", "after", "during", "within")),
            Slot(("time",), ("minutes", "noon", "dusk", "lunch", "supper", "hours")),
            Slot(("guest",), ("father", "neighbors", "children", "aunt", "guests")),
            Slot(("guest",), ("tastes", "share", "want", "orders", "praise")),
            Slot(("dish",), ("soup", "cake", "salad", "curry", "bread")),
        ),
    )
