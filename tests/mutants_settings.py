"""For the tests of a mutant: a property tries the same examples each time, and what fails is not made smaller."""

from hypothesis import Phase, settings


def pytest_configure() -> None:
    settings.register_profile(
        "mutants", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutants")
