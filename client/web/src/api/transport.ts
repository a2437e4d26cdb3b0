/** The daemon that served this page, over gRPC-Web. */
import { createClient, type Interceptor } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

import { AnalysisService } from '../gen/parallax/v1/analysis_pb.ts';
import { CalibrationService } from '../gen/parallax/v1/calibration_pb.ts';
import { ModelService } from '../gen/parallax/v1/model_pb.ts';
import { QueryService } from '../gen/parallax/v1/query_pb.ts';
import { TwinService } from '../gen/parallax/v1/twin_pb.ts';
import { showToken } from './token.ts';

export function makeTransport(interceptors: Interceptor[] = []) {
  return createGrpcWebTransport({
    baseUrl: self.location.origin,
    useBinaryFormat: true,
    interceptors: [...interceptors, showToken],
  });
}

/** Clients of what the page's main thread asks; series and predictions are the worker's. */
export function makeClients(interceptors: Interceptor[]) {
  const transport = makeTransport(interceptors);
  return {
    query: createClient(QueryService, transport),
    analysis: createClient(AnalysisService, transport),
    calibration: createClient(CalibrationService, transport),
    models: createClient(ModelService, transport),
    twins: createClient(TwinService, transport),
  };
}
