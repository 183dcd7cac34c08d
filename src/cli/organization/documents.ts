/** The OpenID provider whose tokens sign people in. */
export interface IdentityProviderDocument {
  readonly issuer: string;
  readonly audience: string;
}

/** An organization, as the API shows it to the operator. */
export interface OrganizationDocument {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly users: number;
  readonly groups: number;
  readonly identityProvider: IdentityProviderDocument | null;
  readonly lastImport: { readonly at: string; readonly kind: string; readonly status: string } | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A key, which the service shows once. */
export interface AdminKeyDocument {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly createdAt: string;
}

/** A new organization, with its first key. */
export interface CreatedDocument extends OrganizationDocument {
  readonly adminKey: AdminKeyDocument;
}

/** A further key. */
export interface IssuedKeyDocument extends AdminKeyDocument {
  /** Number of other keys that were revoked. */
  readonly revoked: number;
}
