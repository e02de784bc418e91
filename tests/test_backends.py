"""Classes named by BACKEND and OPTIONS."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from mindwave_django.backends import BackendError, create_backend, unknown


class Store:
    def __init__(self, name: str = "", *, size: int = 1, path: str = "") -> None:
        if size < 1:
            raise ValueError("size should be at least 1.")
        self.name, self.size, self.path = name, size, path


class AnyStore(Store):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options


HERE = f"{__name__}.Store"


def create(backend: object = HERE, **options: Any) -> Store:
    return create_backend("PLACE", {"BACKEND": backend, "OPTIONS": options}, Store, name="main")


class CreateBackendTests(SimpleTestCase):
    def refused(self, config: object) -> BackendError:
        with self.assertRaises(BackendError) as caught:
            create_backend("PLACE", config, Store, name="main")
        return caught.exception

    def test_options_become_keyword_arguments(self) -> None:
        store = create(size=3)
        assert (store.name, store.size) == ("main", 3)

    def test_options_may_be_left_out(self) -> None:
        assert create_backend("PLACE", {"BACKEND": HERE}, Store).size == 1

    def test_class_with_keyword_arguments_takes_any_option(self) -> None:
        store = create(f"{__name__}.AnyStore", colour="red")
        assert isinstance(store, AnyStore)
        assert store.options == {"name": "main", "colour": "red"}

    def test_error_is_improperly_configured(self) -> None:
        assert issubclass(BackendError, ImproperlyConfigured)

    def test_config_is_no_dict(self) -> None:
        error = self.refused("Store")
        assert str(error) == "PLACE should be a dict, got 'Store'."
        assert (error.check_id, error.hint) == ("mindwave.E002", None)

    def test_unknown_key(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTION": {}})
        assert str(error) == "PLACE has no key 'OPTION'."
        assert error.check_id == "mindwave.E001"
        assert error.hint == "Did you mean 'OPTIONS'? Known: BACKEND, OPTIONS."

    def test_backend_missing(self) -> None:
        error = self.refused({})
        assert str(error) == "PLACE['BACKEND'] should be the dotted path of a class, got None."
        assert error.check_id == "mindwave.E002"

    def test_options_are_no_dict_and_are_not_shown(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTIONS": ["sk-secret"]})
        assert str(error) == "PLACE['OPTIONS'] should be a dict, got list."
        assert error.check_id == "mindwave.E002"

    def test_class_cannot_be_imported(self) -> None:
        for backend in ("nowhere.Store", f"{__name__}.Stroe", "Store"):
            with self.subTest(backend=backend):
                error = self.refused({"BACKEND": backend})
                assert str(error).startswith(f"PLACE: Could not import BACKEND {backend!r}: ")
                assert error.check_id == "mindwave.E004"
                assert isinstance(error.__cause__, ImportError)

    def test_no_subclass(self) -> None:
        for backend in ("builtins.dict", f"{__name__}.create"):
            with self.subTest(backend=backend):
                error = self.refused({"BACKEND": backend})
                assert str(error) == (
                    f"PLACE: BACKEND {backend!r} should be a subclass of {__name__}.Store."
                )
                assert error.check_id == "mindwave.E004"

    def test_unknown_option(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTIONS": {"sise": 2}})
        assert str(error) == "PLACE: Store has no option 'sise'."
        assert error.check_id == "mindwave.E005"
        assert error.hint == "Did you mean 'size'? Known: path, size."

    def test_option_that_is_not_for_the_settings(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTIONS": {"name": "mine"}})
        assert str(error) == "PLACE: Store has no option 'name'."

    def test_value_that_the_class_refuses(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTIONS": {"size": 0}})
        assert str(error) == "PLACE: size should be at least 1."
        assert error.check_id == "mindwave.E005"

    def test_type_that_the_class_cannot_use(self) -> None:
        error = self.refused({"BACKEND": HERE, "OPTIONS": {"size": "big"}})
        assert str(error).startswith("PLACE: '<' not supported")
        assert error.check_id == "mindwave.E005"


class UnknownTests(SimpleTestCase):
    def test_nearest_key_comes_first(self) -> None:
        assert unknown("TIMOUT", {"TIMEOUT", "RETRY"}) == (
            "Did you mean 'TIMEOUT'? Known: RETRY, TIMEOUT."
        )

    def test_nothing_is_near(self) -> None:
        assert unknown("x", ["b", "a"]) == "Known: a, b."

    def test_nothing_is_known(self) -> None:
        assert unknown("x", []) == "Known: none."
