"""The most frequent tag of each word, by hand."""

from modaxfer.baselines.tagging import MostFrequentTag


def test_each_word_gets_its_most_frequent_tag_and_a_new_one_that_of_all():
    model = MostFrequentTag(
        [["Ann", "met", "May"], ["May", "rains"], ["in", "May"]],
        [["B-PER", "O", "B-PER"], ["O", "O"], ["O", "O"]],
    )
    # May: two of three O. O is also the most frequent of all, so what nobody has seen is O.
    assert model(["Ann", "saw", "May"]) == ("B-PER", "O", "O")


def test_of_equally_frequent_tags_the_first_is_taken():
    assert MostFrequentTag([["a", "a"]], [["X", "Y"]])(["a", "b"]) == ("X", "X")


def test_case_tells_words_apart():
    assert MostFrequentTag([["may", "May", "x"]], [["O", "B-PER", "O"]])(["May", "may"]) == ("B-PER", "O")
