"""The only list of estates: one for every kind of the catalogue."""

from tests.fakes.estates.aws import AWS_ESTATES
from tests.fakes.estates.clouds import CLOUD_ESTATES
from tests.fakes.estates.files import FILE_ESTATES
from tests.fakes.estates.kubernetes import KUBERNETES_ESTATES
from tests.fakes.estates.postgresql import POSTGRESQL_ESTATES
from tests.fakes.estates.rest import REST_ESTATES, SWARM
from tests.fakes.estates.tls import TLS_ESTATES
from tests.fakes.estates.vault import VAULT_ESTATES

_ALL = (
    *AWS_ESTATES,
    *CLOUD_ESTATES,
    *FILE_ESTATES,
    *KUBERNETES_ESTATES,
    *POSTGRESQL_ESTATES,
    *REST_ESTATES,
    SWARM,
    *TLS_ESTATES,
    *VAULT_ESTATES,
)
ESTATES = tuple(sorted(_ALL, key=lambda estate: estate.kind))
