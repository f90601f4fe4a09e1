from pipeline.evaluation.gold import GoldArticle, GoldSet
from tests.benchmarks.loss_of_default import Loss, cell, losses, table, thresholds, varied

KEY = "detection.stories.micro_threshold"


def test_every_number_with_a_fraction_that_places_articles_is_varied() -> None:
    keys = list(thresholds())

    assert KEY in keys
    assert "detection.copies.threshold" in keys
    assert "detection.sketch.number_weight" in keys
    assert not [key for key in keys if "surge" in key or "bands" in key]


def test_values_are_factors_of_the_default_as_far_as_the_range_allows() -> None:
    assert [variant.values[KEY] for variant in varied(KEY)] == [0.19, 0.2698, 0.5358, 0.76]
    # At most 1.
    assert [variant.values for variant in varied("detection.stories.most_share")] == [
        {"detection.stories.most_share": 0.4},
        {"detection.stories.most_share": 0.568},
    ]


def test_a_default_that_is_as_good_as_can_be_loses_nothing() -> None:
    text = "strong quake shakes the harbour town of Lorvik before dawn and cuts its power"
    same = tuple(GoldArticle({"id": str(place), "text": text}, "quake", None) for place in range(3))

    default, found = losses(GoldSet("same", same), 1)

    assert default == 1
    assert found == {key: Loss(0.0, None) for key in thresholds()}


def test_a_loss_too_small_to_be_told_names_no_value() -> None:
    assert [cell(Loss(f1, 0.19)) for f1 in (0.0004, 0.0006)] == ["0.000", "0.001 (0.19)"]


def test_the_table_ends_with_the_greatest_loss_of_each_set() -> None:
    found = {key: Loss(0.0, None) for key in thresholds()}
    *_, greatest = table({"a": (0.9, found), "b": (0.8, found | {KEY: Loss(0.0321, 0.19)})})

    assert greatest == "| **greatest loss** |  | **0.000** | **0.032** |"
