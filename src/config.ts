import { z } from "zod";
import type { TlsFiles } from "./http/server/tls.ts";
import { limits } from "./intake/limits.ts";
import { canonicalRange } from "./organizations/addresses.ts";
import { type Issuer, isAudience, isIssuer } from "./organizations/issuer.ts";

/** Unset and empty are the same. */
const blankIsUnset = (value: unknown) => (typeof value === "string" && value.trim() === "" ? undefined : value);

/** A variable; the messages of its rule complete the sentence "NAME …". */
function variable<Rule extends z.ZodType>(rule: Rule) {
  return z.preprocess(blankIsUnset, rule);
}

const wholeNumber = (least: number, most: number, fallback: number) => {
  const says = `must be a whole number from ${least} to ${most}`;
  return variable(
    z
      .string()
      .trim()
      .regex(/^[0-9]{1,15}$/, says)
      .transform(Number)
      .refine((value) => value >= least && value <= most, says)
      .default(fallback),
  );
};

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** The syntax of a bearer token (RFC 6750, section 2.1): anything else cannot be sent in a header. */
const keyPattern = /^[A-Za-z0-9._~+/=-]+$/;

const key = () =>
  variable(
    z
      .string()
      .min(24, "must have at least 24 characters")
      .max(200, "must have at most 200 characters")
      .regex(keyPattern, "may hold letters, digits and . _ ~ + / = - only")
      .optional(),
  );

const databaseUrl = () =>
  variable(
    z
      .string()
      .trim()
      .refine(
        isDatabaseUrl,
        "must look like postgresql://user:password@host:5432/database, with one host and without an options parameter",
      )
      .optional(),
  );

const portWords = "must be a port, or empty for no SFTP server";

/** Every variable that Muster reads. `.env.example` lists the same ones. */
export const environmentSchema = z.object({
  HOST: variable(z.string().trim().max(255, "must be a host name or an IP address").default("127.0.0.1")),
  PORT: wholeNumber(0, 65_535, 8080),
  // Empty is a value here: it turns the server off.
  SFTP_PORT: z
    .string()
    .trim()
    .regex(/^[0-9]{0,5}$/, portWords)
    .transform((value) => (value === "" ? null : Number(value)))
    .refine((value) => value === null || value <= 65_535, portWords)
    .default(2222),
  SFTP_HOST: variable(z.string().trim().max(255, "must be a host name or an IP address").optional()),
  TLS_CERT: variable(z.string().max(4096, "must be the path of a PEM file").optional()),
  TLS_KEY: variable(z.string().max(4096, "must be the path of a PEM file").optional()),
  DATA_DIR: variable(z.string().max(4096, "must be the path of a folder").default("./data")),
  DATABASE_URL: databaseUrl(),
  DATABASE_DIRECT_URL: databaseUrl(),
  DATABASE_CONNECTIONS: wholeNumber(2, 1000, 10),
  MUSTER_ORGANIZATION: variable(
    z.string().trim().max(200, "must be a name of at most 200 characters").default("University"),
  ),
  MUSTER_ADMIN_KEY: key(),
  MUSTER_OPERATOR_KEY: key(),
  PUBLIC_URL: variable(
    z
      .string()
      .trim()
      .refine(isWebUrl, "must be an address without a path, such as https://muster.example.edu")
      .transform((url) => url.replace(/\/+$/, ""))
      .optional(),
  ),
  OIDC_ISSUER: variable(
    z
      .string()
      .trim()
      .refine(isIssuer, "must be an https address without query, such as https://login.example.edu")
      .optional(),
  ),
  OIDC_AUDIENCE: variable(z.string().trim().refine(isAudience, "must be a name of at most 500 characters").optional()),
  SMTP_URL: variable(
    z.string().trim().refine(isSmtpUrl, "must look like smtp://user:password@host:587 or smtps://…").optional(),
  ),
  MAIL_FROM: variable(
    z.string().trim().max(254, "must be an address of at most 254 characters").default("muster@localhost"),
  ),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000, 6000),
  FAILURE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000, 60),
  TRUSTED_PROXIES: variable(
    z
      .string()
      .max(10_000, "must be a list of IP addresses and networks")
      .transform((text) => text.split(",").map(canonicalRange))
      .refine((list) => !list.includes(undefined), "must be IP addresses and networks with commas between them")
      .transform((list) => list.filter((range) => range !== undefined))
      .optional(),
  ),
  IMPORT_MAX_BYTES: wholeNumber(1024, 1024 ** 4, 1024 ** 3),
  CLOCK_ACCEPT: variable(
    z
      .string()
      .trim()
      .refine((text) => z.iso.date().safeParse(text).success, "must be today's date, such as 2026-12-01")
      .optional(),
  ),
  IMPORT_MAX_ROWS: wholeNumber(1, 100_000_000, limits.rows),
  LOG_LEVEL: variable(z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info")),
  LOG_SQL: variable(z.enum(["0", "1"], "must be 1 or 0").default("0")),
});

/** How this process runs. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The address of the SFTP server; undefined: no server is started. Port 0: any free port. */
  readonly sftp: { readonly host: string; readonly port: number } | undefined;
  /** Certificate and key of HTTPS; undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Folder of the embedded PostgreSQL and of uploads in progress. */
  readonly dataDirectory: string;
  /** An own PostgreSQL, as the user that owns the tables; undefined: the embedded one. */
  readonly databaseUrl: string | undefined;
  /** PostgreSQL itself, if DATABASE_URL leads to a pooler in front of it; undefined: there is no pooler. */
  readonly databaseDirectUrl: string | undefined;
  readonly databaseConnections: number;
  /** Name of the first organization. */
  readonly organizationName: string;
  /** The first organization's admin key; undefined: one is generated at the first start. */
  readonly adminKey: string | undefined;
  /** The key of the operator's addresses; undefined: they do not exist. */
  readonly operatorKey: string | undefined;
  /** The public address, without a slash at the end; undefined: the address at which it listens. */
  readonly publicUrl: string | undefined;
  /** The provider whose tokens sign people of the first organization in; undefined: the stored one stays. */
  readonly issuer: Issuer | undefined;
  /** The mail server for announcements; undefined: announcements appear in the log alone. */
  readonly smtpUrl: string | undefined;
  /** Sender of mails. */
  readonly mailFrom: string;
  /** Requests of a key in a minute; 0: any number. */
  readonly requestsPerMinute: number;
  /** Requests of an address without a valid key in a minute; 0: any number. */
  readonly failuresPerMinute: number;
  /** Addresses and networks of the proxies whose word about a client's address counts. */
  readonly trustedProxies: readonly string[];
  /** Largest body of an import. */
  readonly importMaximumBytes: number;
  /** Most rows of a file of users. */
  readonly importMaximumRows: number;
  /** The date that the operator confirms when the clock is implausible. */
  readonly clockAccept: string | undefined;
  readonly logLevel: (typeof logLevels)[number];
  /** Prints the statements of transactions, without their values; for development. */
  readonly logSql: boolean;
}

/** A variable has a value that cannot be used. The message is one sentence that names it, and never shows the value. */
export class ConfigError extends Error {}

/**
 * Reads the configuration, which is environment only.
 * @throws ConfigError on the first bad value
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const result = environmentSchema.safeParse(environment);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ConfigError(`${String(issue?.path[0])} ${issue?.message}; correct it and start again.`);
  }
  const values = result.data;
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = values;
  if ((issuer === undefined) !== (audience === undefined)) {
    throw new ConfigError("OIDC_ISSUER and OIDC_AUDIENCE go together; set both or neither and start again.");
  }
  if (values.MUSTER_OPERATOR_KEY !== undefined && values.MUSTER_OPERATOR_KEY === values.MUSTER_ADMIN_KEY) {
    throw new ConfigError(
      "MUSTER_OPERATOR_KEY must not be the same as MUSTER_ADMIN_KEY, which opens one organization; choose another one and start again.",
    );
  }
  if (values.DATABASE_DIRECT_URL !== undefined && values.DATABASE_URL === undefined) {
    throw new ConfigError(
      "DATABASE_DIRECT_URL is set, and DATABASE_URL is not; set DATABASE_URL to the pooler's address and start again.",
    );
  }
  return {
    host: values.HOST,
    port: values.PORT,
    sftp: sftpAddress(values.SFTP_PORT, values.SFTP_HOST ?? values.HOST),
    tls: tlsFiles(values.TLS_CERT, values.TLS_KEY),
    dataDirectory: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    databaseDirectUrl: values.DATABASE_DIRECT_URL,
    databaseConnections: values.DATABASE_CONNECTIONS,
    organizationName: values.MUSTER_ORGANIZATION,
    adminKey: values.MUSTER_ADMIN_KEY,
    operatorKey: values.MUSTER_OPERATOR_KEY,
    publicUrl: values.PUBLIC_URL,
    issuer: issuer === undefined || audience === undefined ? undefined : { issuer, audience },
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
    requestsPerMinute: values.RATE_LIMIT_PER_MINUTE,
    failuresPerMinute: values.FAILURE_LIMIT_PER_MINUTE,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    importMaximumRows: values.IMPORT_MAX_ROWS,
    importMaximumBytes: values.IMPORT_MAX_BYTES,
    clockAccept: values.CLOCK_ACCEPT,
    logLevel: values.LOG_LEVEL,
    logSql: values.LOG_SQL === "1",
  };
}

const sftpAddress = (port: number | null, host: string) => (port === null ? undefined : { host, port });

function tlsFiles(certificate: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  const [missing, given] = key === undefined ? ["TLS_KEY", "TLS_CERT"] : ["TLS_CERT", "TLS_KEY"];
  throw new ConfigError(`${missing} must be set, too, when ${given} is; correct it and start again.`);
}

/** The role of the connections is set by an option, which one in the address would replace: then nothing would be guarded. */
function isDatabaseUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && !url.searchParams.has("options");
}

function isSmtpUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== "";
}

function isWebUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
}
