"""The cache keeps values and lets go of bags."""

from pipeline.hosts.flink.state_cache import CellCache


def test_a_value_is_read_without_loading_it_again() -> None:
    cache = CellCache(1 << 20)
    cache.put("cell", [b"value"])
    assert cache.get("cell", lambda _: [b"loaded"]) == [b"value"]


def test_a_bag_that_grows_is_no_longer_held() -> None:
    cache = CellCache(1 << 20)
    bag: list[bytes] = []
    cache.put("bag", bag)
    for number in range(5):
        bag.append(b"%d" % number)
        cache.put("bag", bag)
    assert cache.peek("bag") is None


def test_what_does_not_fit_makes_room_for_what_is_newer() -> None:
    cache = CellCache(2_000)
    for number in range(10):
        cache.put(number, [b"x" * 500])
    assert cache.peek(0) is None
    assert cache.peek(9) == [b"x" * 500]
