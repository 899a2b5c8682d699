"""The keys of a source of kind kubernetes in keyproof.yaml."""

from pydantic import Field, PositiveFloat

from keyproof.fields import StrictModel, StringsField

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class KubernetesConfig(StrictModel):
    """Keys of a source of kind kubernetes."""

    kubeconfig: str = ""
    """Empty takes KUBECONFIG, else ~/.kube/config, else the service account of the pod this runs in."""
    context: str = ""
    """A context of the kubeconfig; empty takes its current one."""
    service_account: str = _SERVICE_ACCOUNT
    """Folder with `token` and `ca.crt` of the pod's service account."""
    allow_exec: bool = False
    """Whether a program that the kubeconfig names may be run to get credentials."""
    cluster: str = ""
    """The cluster's name in subject ids; empty takes host and port of the server."""
    namespaces: tuple[str, ...] = ()
    """Namespaces to read; empty takes all, which needs the right to list them."""
    include: StringsField = ("*",)
    """Globs over NAMESPACE/NAME."""
    exclude: tuple[str, ...] = ()
    """Globs over NAMESPACE/NAME; they win over `include`."""
    annotations: tuple[str, ...] = ()
    """Globs over annotations to keep beside the labels; tools put whole objects, values included, into others."""
    access: bool = True
    """Whether to read roles and bindings, to know who reaches each secret."""
    indirect_access: bool = False
    """Whether rights that lead to a value in two steps count as reading it: to start pods, to impersonate, to
    grant oneself a role, to make tokens."""
    controllers: bool = True
    """Whether to read the objects of External Secrets, Sealed Secrets, cert-manager and the Secrets Store CSI driver."""
    server_settings: bool = True
    """Whether to read the API server's metrics and flags, to know of encryption at rest and of auditing."""
    encryption_configuration: str = ""
    """The API server's EncryptionConfiguration file, where it is at hand; only the kinds of providers are kept."""
    audit_policy: str = ""
    """The API server's audit policy file, where it is at hand."""
    audit_log: tuple[str, ...] = ()
    """Globs over audit log files (JSON lines, also with gzip), to know who used each secret."""
    timeout: PositiveFloat = 30.0
    """Seconds per request."""
    max_wait: float = Field(default=60.0, ge=0)
    """Seconds to wait per request for a server that is busy."""
