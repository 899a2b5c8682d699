"""Estates at AWS: moto's server, asked over HTTP, with a proxy before it."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import botocore.loaders
import botocore.session

from keyproof.aws import calls
from keyproof.aws.credentials import shown
from keyproof.ports import Collector
from tests.fakes.aws_server import ACCOUNT, CREDENTIALS, AwsServer, aws_server, modelled, refusal
from tests.fakes.estates.estate import CANARY, Clause, Estate, Grounds
from tests.fakes.estates.http import HttpRunning, Refusals
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy, Make, Request, fault_proxy
from tests.fakes.ports import NOW

_REGION, _PAGE = "us-east-1", 3
_WRITTEN = 1_756_684_800  # 2025-09-01
_MOST = 100
"""Secrets that moto makes."""
_LOADER = botocore.loaders.create_loader()
"""Reads AWS's service models once; every session has its own otherwise, and a fifth of a second goes by."""
_JSON = Refusals(
    busy=refusal("ThrottlingException"),
    expired=refusal("ExpiredTokenException", "The security token included in the request is expired"),
    denied=refusal("AccessDeniedException", "no identity-based policy allows it"),
    sealed=refusal("ServiceUnavailable", status=503),
)
_NAMES = ("a/b.c_d-e", "/a//b", "x" * 512, "Case", "case", "a+b=c@d", "percent-2F")


def _xml_refusal(code: str, status: int) -> Answer:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Answer(status=status, body=body.encode())


_XML = Refusals(
    busy=_xml_refusal("Throttling", 400),
    expired=_xml_refusal("ExpiredToken", 403),
    denied=_xml_refusal("AccessDenied", 403),
    sealed=_xml_refusal("ServiceUnavailable", 503),
)


class _AwsRunning(HttpRunning):
    """The SDK reads the environment of the process itself, so that is what has the credentials."""

    def __init__(self, stack: ExitStack, *given: Any, told: Mapping[str, str], **more: Any) -> None:
        """`told` maps a planted name to that in the report, where they differ."""
        super().__init__(*given, **more)
        self._stack, self._told = stack, told

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        self._stack.enter_context(patch.object(calls, "READ_TIMEOUT", patience))
        if not credentials:
            for name in CREDENTIALS.keys() - {"AWS_EC2_METADATA_DISABLED"}:
                os.environ.pop(name)  # the stack puts them back
        return self.made({"endpoint-url": self.address}, credentials=credentials, now=now)

    def told(self, name: str) -> str:
        return self._told.get(name, name)

    @property
    def asked(self) -> Sequence[str]:
        return [f"{_service(request)}:{request.action}" for request in self.proxy.seen]


def _service(request: Request) -> str:
    """As the signature names it."""
    return request.headers["authorization"].partition("Credential=")[2].split("/")[3]


Plant = Callable[[Any, Sequence[str]], Mapping[str, str]]
"""Makes the objects; gives the names in the report of those that are told by others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """How one kind is filled and asked."""

    kind: str
    name: str
    """The SDK's."""
    listing: str
    """The action that lists."""
    plant: Plant
    listed: Callable[[Any], Sequence[Any]]
    """All that the listing gives, whatever the pages; moto's own are as long as AWS's, or do not end."""
    page: Callable[[Sequence[Any], str], Answer]
    """An answer with these entries, and the token of the next page if there is one."""
    token: str
    """The parameter with the token of a page."""
    config: Mapping[str, Any]
    refusals: Refusals = _JSON
    delete: Callable[[Any, str], object] = lambda *_: None
    canned: Callable[[FaultProxy, Sequence[str]], None] | None = None
    """Answers everything for more secrets than moto makes in a minute."""

    @contextmanager
    def open(self, names: Sequence[str], grounds: Grounds) -> Iterator[HttpRunning]:
        """Plant the secrets, and page through them with a proxy before the server."""
        server = grounds.shared(aws_server)
        server.reset()
        client = grounds.shared(_client, server, self.name)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        with ExitStack() as stack:
            stack.enter_context(patch.object(botocore.session, "create_loader", lambda _: _LOADER))
            proxy = stack.enter_context(fault_proxy(server.address))
            stack.enter_context(patch.dict(os.environ, {**clean, **CREDENTIALS, **nowhere}, clear=True))
            if self.canned and len(names) > _MOST:
                told: Mapping[str, str] = {}
                self.canned(proxy, names)
            else:
                told = self.plant(client, names)
                proxy.add(Fault(then=Make(lambda request: self._page(client, request)), action=self.listing))
            yield _AwsRunning(
                stack,
                self.kind,
                proxy,
                listing=lambda request: request.action == self.listing,
                config=self.config,
                refusals=self.refusals,
                told=told,
                delete=lambda name: self.delete(client, name),
            )

    def _page(self, client: Any, request: Request) -> Answer:
        form = request.json or {key: one for key, (one, *_) in parse_qs(request.body.decode()).items()}
        entries, start = self.listed(client), int(form.get(self.token, 0))
        end = start + _PAGE
        return self.page(entries[start:end], str(end) if end < len(entries) else "")


@contextmanager
def _client(server: AwsServer, name: str) -> Iterator[Any]:
    client = server.client(name)
    yield client
    client.close()


def _plant_secrets(client: Any, names: Sequence[str]) -> Mapping[str, str]:
    for name in names:
        client.create_secret(Name=name, SecretString=CANARY)
    return {}


def _plant_parameters(client: Any, names: Sequence[str]) -> Mapping[str, str]:
    for name in names:
        client.put_parameter(Name=name, Value=CANARY, Type="SecureString")
    return {}


def _plant_keys(client: Any, names: Sequence[str]) -> Mapping[str, str]:
    for name in names:
        client.create_alias(
            AliasName=f"alias/{name}", TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"]
        )
    return {name: f"alias/{name}" for name in names}


def _delete_key(client: Any, name: str) -> None:
    client.schedule_key_deletion(KeyId=client.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"])


def _plant_users(client: Any, names: Sequence[str]) -> Mapping[str, str]:
    told = {}
    for name in names:
        client.create_user(UserName=name)
        key = client.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        told[name] = f"{name}/access-key-{shown(key)}"
    return told


def _page_of_secrets(entries: Sequence[Any], after: str) -> Answer:
    return modelled("ListSecrets", {"SecretList": entries, **({"NextToken": after} if after else {})})


def _page_of_parameters(entries: Sequence[Any], after: str) -> Answer:
    body = {"Parameters": entries, **({"NextToken": after} if after else {})}
    return modelled("DescribeParameters", body, "ssm")


def _page_of_keys(entries: Sequence[Any], after: str) -> Answer:
    body = {"Keys": entries, "Truncated": bool(after), **({"NextMarker": after} if after else {})}
    return modelled("ListKeys", body, "kms")


def _page_of_users(entries: Sequence[Any], after: str) -> Answer:
    """IAM speaks XML."""
    users = "".join(
        f"<member><UserName>{user['UserName']}</UserName><Arn>{user['Arn']}</Arn></member>"
        for user in entries
    )
    more = f"<Marker>{after}</Marker>" if after else ""
    action = "GetAccountAuthorizationDetails"
    result = (
        f"<UserDetailList>{users}</UserDetailList><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}"
    )
    text = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
    return Answer(status=200, body=text.encode(), headers={"Content-Type": "text/xml"})


def _json(body: Mapping[str, Any]) -> Answer:
    return Answer(status=200, body=json.dumps(body).encode())


def _long_page(entries: Sequence[Any], key: str, request: Request) -> Answer:
    """As long as was asked for, or as AWS makes it."""
    start = int(request.json.get("NextToken", 0))
    end = start + int(request.json["MaxResults"])
    return _json({key: entries[start:end], **({"NextToken": str(end)} if end < len(entries) else {})})


def _canned_secrets(proxy: FaultProxy, names: Sequence[str]) -> None:
    home = f"arn:aws:secretsmanager:{_REGION}:{ACCOUNT}:secret:"
    entries = {home + name: {"ARN": home + name, "Name": name, "CreatedDate": _WRITTEN} for name in names}
    listed = list(entries.values())

    def versions(request: Request) -> Answer:
        version = {"VersionId": "v" * 32, "VersionStages": ["AWSCURRENT"], "CreatedDate": _WRITTEN}
        return _json({**entries[request.json["SecretId"]], "Versions": [version]})

    proxy.add(
        Fault(then=Make(lambda request: _long_page(listed, "SecretList", request)), action="ListSecrets"),
        Fault(then=Make(lambda request: _json(entries[request.json["SecretId"]])), action="DescribeSecret"),
        Fault(then=Make(versions), action="ListSecretVersionIds"),
    )


def _canned_parameters(proxy: FaultProxy, names: Sequence[str]) -> None:
    plain = {"Type": "SecureString", "LastModifiedDate": _WRITTEN, "Version": 1}
    listed = [{"Name": name, **plain} for name in names]
    proxy.add(
        Fault(
            then=Make(lambda request: _long_page(listed, "Parameters", request)), action="DescribeParameters"
        ),
        Fault(then=_json({"TagList": []}), action="ListTagsForResource"),
    )


_SECRETS_MANAGER = _Service(
    kind="aws-secrets-manager",
    name="secretsmanager",
    listing="ListSecrets",
    plant=_plant_secrets,
    listed=lambda client: client.list_secrets(IncludePlannedDeletion=True, MaxResults=100)["SecretList"],
    page=_page_of_secrets,
    token="NextToken",
    config={"regions": [_REGION], "access": False, "audit": False},
    delete=lambda client, name: client.delete_secret(SecretId=name, RecoveryWindowInDays=7),
    canned=_canned_secrets,
)
_SSM = _Service(
    kind="aws-ssm",
    name="ssm",
    listing="DescribeParameters",
    plant=_plant_parameters,
    listed=lambda client: client.describe_parameters(MaxResults=50)["Parameters"],
    page=_page_of_parameters,
    token="NextToken",
    config={"regions": [_REGION], "access": False, "audit": False},
    canned=_canned_parameters,
)
_KMS = _Service(
    kind="aws-kms",
    name="kms",
    listing="ListKeys",
    plant=_plant_keys,
    listed=lambda client: client.list_keys()["Keys"],
    page=_page_of_keys,
    token="Marker",
    config={"regions": [_REGION], "access": False, "audit": False},
    delete=_delete_key,
)
_IAM = _Service(
    kind="aws-iam",
    name="iam",
    listing="GetAccountAuthorizationDetails",
    plant=_plant_users,
    listed=lambda client: client.list_users(MaxItems=1000)["Users"],
    page=_page_of_users,
    token="Marker",
    config={"report": False, "other-credentials": False},
    refusals=_XML,
)

_AS_PARAMETERS = (
    "each one takes several calls, and pages are read and told as those of aws-ssm, by the same code"
)

AWS_ESTATES = (
    Estate(
        kind="aws-iam",
        open=_IAM.open,
        page=_PAGE,
        odd=("a+b=c,d.e@f_g-h", "x" * 64, "Case.x", "case.y"),
        right="iam:GetAccountAuthorizationDetails",
        server=True,
        excused={Clause.DELETED: "IAM deletes a user and its keys at once", Clause.MANY: _AS_PARAMETERS},
    ),
    Estate(
        kind="aws-kms",
        open=_KMS.open,
        page=_PAGE,
        odd=("a/b_c-d", "x" * 250, "Case", "case"),
        right="kms:ListKeys",
        server=True,
        excused={Clause.MANY: _AS_PARAMETERS},
    ),
    Estate(
        kind="aws-secrets-manager",
        open=_SECRETS_MANAGER.open,
        page=_PAGE,
        odd=_NAMES,
        right="secretsmanager:ListSecrets",
        counted="secrets listed",
        server=True,
        each=True,
    ),
    Estate(
        kind="aws-ssm",
        open=_SSM.open,
        page=_PAGE,
        odd=("/a/b.c_d-e", "/" + "x" * 511, "Case", "case", "percent-2F"),
        right="ssm:DescribeParameters",
        counted="parameters listed",
        server=True,
        each=True,
        excused={Clause.DELETED: "Systems Manager deletes a parameter at once"},
    ),
)
