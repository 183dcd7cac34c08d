import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, problemOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";

export type Import = Schemas["Import"];
export type ImportRow = Schemas["ImportRow"];
export type ImportChange = Schemas["ImportChange"];
export type PlanItem = Schemas["PlanItem"];
export type ImportKind = "users" | "groups" | "locations";
export type ImportStyle = Import["style"];

/** True while the service works on the import. */
export const isUnderWay = ({ status }: Import): boolean => status === "receiving" || status === "planning";

/** Imports, the latest first. */
export function useImports(filter: { readonly status?: Import["status"]; readonly source?: string } = {}) {
  return useList(
    ["imports", filter],
    (cursor, signal) => dataOf(api.GET("/v1/imports", { params: { query: { ...filter, cursor } }, signal })),
    { refetchInterval: 10_000 },
  );
}

/** One import, followed while the service works on it. */
export function useImport(id: string) {
  return useQuery({
    queryKey: ["import", id],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/imports/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? 1000 : 15_000),
  });
}

/** The notes on an import's rows. */
export function useImportRows(id: string, filter: { readonly outcome?: ImportRow["outcome"] }) {
  return useList(["import-rows", id, filter], (cursor, signal) =>
    dataOf(api.GET("/v1/imports/{id}/rows", { params: { path: { id }, query: { ...filter, cursor } }, signal })),
  );
}

/** A filter of planned or done changes. */
export interface ChangeFilter {
  readonly action?: ImportChange["action"];
  readonly username?: string;
}

/** The people, groups and locations that an import changed, or will change. */
export function useImportChanges(id: string, filter: { readonly action?: ImportChange["action"] }) {
  return useList(["import-changes", id, filter], (cursor, signal) =>
    dataOf(api.GET("/v1/imports/{id}/changes", { params: { path: { id }, query: { ...filter, cursor } }, signal })),
  );
}

/** Approves or discards a held import. */
export function useImportDecision(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, planHash, reason }: ImportDecision) => {
      const text = reason.trim() === "" ? {} : { reason: reason.trim() };
      const path = { path: { id } };
      return action === "approve"
        ? dataOf(api.POST("/v1/imports/{id}/approve", { params: path, body: { ...text, planHash } }))
        : dataOf(api.POST("/v1/imports/{id}/discard", { params: path, body: text }));
    },
    onSettled: () => client.invalidateQueries(),
  });
}

interface ImportDecision {
  readonly action: "approve" | "discard";
  /** The plan that the person has seen. */
  readonly planHash: string;
  readonly reason: string;
}

/** A file to import. */
export interface Upload {
  readonly file: File;
  readonly kind: ImportKind;
  readonly style: ImportStyle | undefined;
  readonly source: string | undefined;
  readonly dryRun: boolean;
}

const contentTypes: Readonly<Record<string, string>> = {
  xml: "application/xml",
  csv: "text/csv",
  json: "application/json",
};

/**
 * Sends a file.
 * @param onProgress hears the share that was sent, 0 to 1
 * @returns the import; it may still be under way
 */
export function sendFile(upload: Upload, onProgress: (share: number) => void): Promise<Import> {
  const { file, kind, style, source, dryRun } = upload;
  const query = new URLSearchParams({
    dryRun: String(dryRun),
    ...(source !== undefined && { source }),
    ...(style !== undefined && kind === "users" && { style }),
  });
  const extension = file.name.split(".").at(-1)?.toLowerCase() ?? "";
  return new Promise((resolve, reject) => {
    // fetch does not report the progress of an upload.
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/imports/${kind}?${query}`);
    request.setRequestHeader("Content-Type", contentTypes[extension] ?? "application/octet-stream");
    request.setRequestHeader("Content-Disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Muster-Request", "1");
    request.setRequestHeader("Prefer", "respond-async");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onload = () => {
      const response = new Response(request.responseText, {
        status: request.status,
        headers: { "content-type": request.getResponseHeader("content-type") ?? "" },
      });
      if (response.ok) resolve(response.json() as Promise<Import>);
      else problemOf(response).then(reject, reject);
    };
    request.onerror = () =>
      reject(new Error("The connection broke off, and nothing was imported. Send the file again."));
    request.send(file);
  });
}
