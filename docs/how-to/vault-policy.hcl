# What keyproof may do to read all that it reads of a Vault or OpenBao server: metadata, and no value.
# Rename the mounts to yours, and leave out the engines that keyproof.yaml switches off.
# bao policy write keyproof docs/how-to/vault-policy.hcl

path "auth/+/certs" {
  capabilities = ["list"]
}

path "auth/+/certs/" {
  capabilities = ["list"]
}

path "auth/+/certs/+" {
  capabilities = ["read"]
}

path "auth/+/groups" {
  capabilities = ["list"]
}

path "auth/+/groups/" {
  capabilities = ["list"]
}

path "auth/+/groups/+" {
  capabilities = ["read"]
}

path "auth/+/map/teams" {
  capabilities = ["list"]
}

path "auth/+/map/teams/" {
  capabilities = ["list"]
}

path "auth/+/map/teams/+" {
  capabilities = ["read"]
}

path "auth/+/map/users" {
  capabilities = ["list"]
}

path "auth/+/map/users/" {
  capabilities = ["list"]
}

path "auth/+/map/users/+" {
  capabilities = ["read"]
}

path "auth/+/role" {
  capabilities = ["list"]
}

path "auth/+/role/" {
  capabilities = ["list"]
}

path "auth/+/role/+" {
  capabilities = ["read"]
}

path "auth/+/roles" {
  capabilities = ["list"]
}

path "auth/+/roles/" {
  capabilities = ["list"]
}

path "auth/+/roles/+" {
  capabilities = ["read"]
}

path "auth/+/users" {
  capabilities = ["list"]
}

path "auth/+/users/" {
  capabilities = ["list"]
}

path "auth/+/users/+" {
  capabilities = ["read"]
}

path "auth/approle/role" {
  capabilities = ["list"]
}

path "auth/approle/role/+/secret-id" {
  capabilities = ["list"]
}

path "auth/approle/role/+/secret-id-accessor/lookup" {
  capabilities = ["update"]
}

path "auth/approle/role/+/secret-id/" {
  capabilities = ["list"]
}

path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}

path "auth/token/lookup-accessor" {
  capabilities = ["update"]
}

path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "database/config" {
  capabilities = ["list"]
}

path "database/config/+" {
  capabilities = ["read"]
}

path "database/roles" {
  capabilities = ["list"]
}

path "database/roles/+" {
  capabilities = ["read"]
}

path "database/static-roles" {
  capabilities = ["list"]
}

path "database/static-roles/+" {
  capabilities = ["read"]
}

path "identity/entity/id" {
  capabilities = ["list"]
}

path "identity/entity/id/*" {
  capabilities = ["read"]
}

path "identity/group/id" {
  capabilities = ["list"]
}

path "identity/group/id/*" {
  capabilities = ["read"]
}

path "kv1/*" {
  capabilities = ["list"]
}

path "pki/certs" {
  capabilities = ["list"]
}

path "pki/certs/detailed" {
  capabilities = ["list"]
}

path "pki/certs/revoked" {
  capabilities = ["list"]
}

path "pki/issuer/+" {
  capabilities = ["read"]
}

path "pki/roles" {
  capabilities = ["list"]
}

path "pki/roles/+" {
  capabilities = ["read"]
}

path "secret/config" {
  capabilities = ["read"]
}

path "secret/detailed-metadata/*" {
  capabilities = ["list"]
}

path "secret/metadata/*" {
  capabilities = ["list", "read"]
}

path "sys/audit" {
  capabilities = ["read", "sudo"]
}

path "sys/auth" {
  capabilities = ["read"]
}

path "sys/leases/lookup" {
  capabilities = ["update"]
}

path "sys/leases/lookup/" {
  capabilities = ["list", "sudo"]
}

path "sys/leases/lookup/*" {
  capabilities = ["list", "sudo"]
}

path "sys/mounts" {
  capabilities = ["read"]
}

path "sys/namespaces" {
  capabilities = ["list"]
}

path "sys/policies/acl" {
  capabilities = ["list"]
}

path "sys/policies/acl/*" {
  capabilities = ["read"]
}

path "transit/keys" {
  capabilities = ["list"]
}

path "transit/keys/+" {
  capabilities = ["read"]
}
