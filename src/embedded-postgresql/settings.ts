import { totalmem } from "node:os";

const megabyte = 1024 * 1024;

/**
 * The server's settings, as `-c` parameters of its command line: always the settings of the running version of Muster.
 *
 * @param durable false gives up the safety of commits for speed (tests)
 */
export function serverParameters(socketDirectory: string, durable: boolean): string[] {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const sharedBuffers = Math.min(512, Math.max(16, Math.floor(memory / 4 / megabyte)));
  const settings: Record<string, string> = {
    listen_addresses: "",
    port: String(socketPort),
    // a list: quoted, a comma is part of the path
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    // names the process that started the server, for others who find it
    cluster_name: `muster ${process.pid}`,
    // Tests start many services on one server.
    max_connections: durable ? "50" : "200",
    // for bulk work, measured
    shared_buffers: `${sharedBuffers}MB`,
    max_wal_size: "4GB",
    work_mem: "64MB",
    maintenance_work_mem: "256MB",
    temp_buffers: "64MB",
    // Beside an import every other commit has to write what the import has logged so far: that should be little.
    wal_writer_delay: "20ms",
    // The only method this build has (pglz) costs far more than the writes it saves: a nightly import took twice as long.
    wal_compression: "off",
    jit: "off",
    // a client that has gone away does not keep its statement running
    client_connection_check_interval: "1s",
    // Statements, parameters and the details of errors are personal data: none of them is logged.
    log_destination: "stderr",
    logging_collector: "off",
    log_line_prefix: "",
    log_min_messages: "log",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_statement: "none",
    log_min_duration_statement: "-1",
    log_parameter_max_length: "0",
    log_parameter_max_length_on_error: "0",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Names the socket; nothing listens on the network. */
export const socketPort = 5432;
