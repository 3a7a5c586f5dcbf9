/** Carries what the plugin asks of Grafana's server to the test that drives the backend. */
import { LoadingState, StreamingDataFrame, type DataFrameJSON, type DataQueryResponse } from '@grafana/data';
import type { BackendSrvRequest, FetchResponse, GrafanaLiveSrv } from '@grafana/runtime';
import { Observable, from } from 'rxjs';

/** As Grafana's backendSrv: an answer of another status than 2xx is an error with its data. */
export function answers<T>(options: BackendSrvRequest): Observable<FetchResponse<T>> {
  const query = new URLSearchParams(Object.entries((options.params ?? {}) as Record<string, unknown>).map(([k, v]) => [k, String(v)])).toString();
  const url = options.url + (query === '' ? '' : `?${query}`);
  return from(
    fetch(url, {
      method: options.method ?? 'GET',
      headers: { 'Content-Type': 'application/json' },
      ...(options.data !== undefined && options.data !== null && { body: JSON.stringify(options.data) }),
    }).then(async (response) => {
      const result = { status: response.status, statusText: response.statusText, ok: response.ok, data: await response.json(), config: options } as unknown as FetchResponse<T>;
      if (!response.ok) {
        throw result;
      }
      return result;
    }),
  );
}

/** Grafana's Live service over server-sent events in the place of its websocket. */
export const live = {
  getDataStream: ({ addr, buffer }) =>
    new Observable<DataQueryResponse>((subscriber) => {
      const frame = StreamingDataFrame.empty(buffer);
      const source = new EventSource(`/live/${addr.path}?query=${encodeURIComponent(JSON.stringify(addr.data))}`);
      source.onmessage = (e: MessageEvent<string>) => {
        frame.push(JSON.parse(e.data) as DataFrameJSON);
        subscriber.next({ data: [frame], state: LoadingState.Streaming });
      };
      return () => { source.close(); };
    }),
} as Partial<GrafanaLiveSrv> as GrafanaLiveSrv;
