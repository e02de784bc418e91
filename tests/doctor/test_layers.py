"""Who stands in the way: by what they say of themselves."""

from __future__ import annotations

from itertools import product

from django.test import SimpleTestCase

from mindwave_django.doctor import layers
from mindwave_django.doctor.layers import Fault, layers_of, outermost, remedy
from mindwave_django.doctor.visit import Visit
from tests.doctor.visits import REPORT

BY_SERVER = {
    "nginx": "nginx",
    "nginx/1.27.0": "nginx",
    "openresty/1.25.3.1": "nginx",
    "Apache": "Apache",
    "Apache/2.4.58 (Ubuntu)": "Apache",
    "HAProxy": "HAProxy",
    "Caddy": "Caddy",
    "cloudflare": "Cloudflare",
    "envoy": "Envoy",
    "istio-envoy": "Envoy",
    "awselb/2.0": "an AWS load balancer",
}
TELLING = ("Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")


def found(body: bytes = b"", **headers: str) -> Visit:
    return Visit(
        headers={name.replace("_", "-"): each for name, each in headers.items()}, body=body
    )


def arrived(**headers: str) -> dict[str, object]:
    return REPORT | {"headers": {name.replace("_", "-"): each for name, each in headers.items()}}


class NameTests(SimpleTestCase):
    def test_servers(self) -> None:
        for said, name in BY_SERVER.items():
            with self.subTest(said):
                assert layers_of(found(server=said), None) == [name]
                assert layers_of(found(server=said), REPORT) == [name]

    def test_every_signature_is_looked_for(self) -> None:
        starts = {
            next(s for s in layers.SIGNATURES if said.lower().startswith(s)) for said in BY_SERVER
        }
        assert starts == layers.SIGNATURES.keys()

    def test_application_servers_are_no_layers(self) -> None:
        for said in ("uvicorn", "gunicorn", "daphne", "hypercorn-h11", "granian", "my-nginx", ""):
            with self.subTest(said):
                assert layers_of(found(server=said), REPORT) == []
        assert layers_of(found(), None) == []

    def test_caddy_that_passes_on_the_name_of_the_server(self) -> None:
        assert layers_of(found(server="uvicorn", via="1.1 Caddy"), REPORT) == ["Caddy"]
        assert layers_of(found(server="Caddy", via="1.1 Caddy"), REPORT) == ["Caddy"]
        assert layers_of(found(via="1.1 varnish"), REPORT) == []

    def test_cloudflare_comes_first(self) -> None:
        assert layers_of(found(cf_ray="8f-FRA", server="cloudflare"), None) == ["Cloudflare"]
        for report in (None, arrived(CF_Ray="8f-FRA")):
            visit = found(server="nginx", **({} if report else {"cf_ray": "8f-FRA"}))
            assert layers_of(visit, report) == ["Cloudflare", "nginx"]

    def test_apache_and_traefik_by_what_the_application_gets(self) -> None:
        assert layers_of(found(), arrived(X_Forwarded_Server="example.com")) == ["Apache"]
        traefik = arrived(X_Forwarded_Server="traefik-65b", X_Real_IP="1.2.3.4")
        assert layers_of(found(), traefik) == ["Traefik"]
        both = layers_of(found(server="nginx"), arrived(X_Forwarded_Server="example.com"))
        assert both == ["nginx", "Apache"]

    def test_haproxy_by_its_error_pages(self) -> None:
        for words in (
            b"<h1>503 Service Unavailable</h1>\nNo server is available to handle this request.",
            b"<h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.",
        ):
            assert layers_of(found(words), None) == ["HAProxy"]

    def test_proxy_without_a_name(self) -> None:
        for name in TELLING:
            with self.subTest(name):
                assert layers_of(found(), REPORT | {"headers": {name: "x"}}) == [layers.UNNAMED]
        assert layers_of(found(server="nginx"), arrived(X_Real_IP="1.2.3.4")) == ["nginx"]

    def test_headers_of_browsers_are_none_of_proxies(self) -> None:
        assert layers_of(found(), arrived(Connection="close", Accept_Encoding="gzip")) == []


class SuspectTests(SimpleTestCase):
    def test_outermost(self) -> None:
        assert outermost(["Cloudflare", "nginx"], REPORT) == "Cloudflare"
        assert outermost([], REPORT) == "the application server (uvicorn)"
        assert outermost([], None) == "the application server"
        assert outermost([], {"server": ""}) == "the application server"


class RemedyTests(SimpleTestCase):
    def test_every_fault_has_one_whoever_is_at_fault(self) -> None:
        names = {*layers.SIGNATURES.values(), layers.UNNAMED, layers.TRAEFIK, "", "unheard-of"}
        for fault, name in product(Fault, names):
            with self.subTest(fault=fault, name=name):
                assert remedy(fault, name).strip()

    def test_those_for_one_layer(self) -> None:
        for (fault, layer), line in layers.REMEDIES.items():
            assert remedy(fault, layer) == line != layers.USUAL[fault]

    def test_they_name_layers_that_can_be_found(self) -> None:
        named = {layer for _, layer in layers.REMEDIES}
        assert named <= {*layers.SIGNATURES.values(), layers.UNNAMED, layers.TRAEFIK}
