"""Requests made from the OpenAPI document: no server error, every answer as it says. `make bench` asks 5,000."""

from api_fuzz import Fuzz, Fuzzed


def test_the_app_answers_whatever_is_asked_as_its_document_says(tmp_path):
    two = Fuzzed(tmp_path)
    fuzz = Fuzz(two, seed=1)
    fuzz.courses(100)
    fuzz.each(2)
    two.close()
    found = fuzz.found
    assert found.wrong == {}
    assert found.cases > 400 and len(found.operations) > 200 and {200, 403, 404, 409, 422} <= set(found.statuses)
