import { grpcTarget } from './grpc.ts';
import { grpcStreamTarget } from './grpc-stream.ts';
import { restBinaryTarget } from './rest-binary.ts';
import { restJsonTarget } from './rest-json.ts';
import type { Protocol, Target, TargetSpec } from './target.ts';
import { taskTarget } from './task.ts';

const OPEN: Readonly<Record<Protocol, (address: string) => Target>> = {
  'rest-json': restJsonTarget,
  'rest-binary': restBinaryTarget,
  grpc: grpcTarget,
  'grpc-stream': grpcStreamTarget,
  task: taskTarget,
};

export const openTarget = ({ protocol, address }: TargetSpec): Target => OPEN[protocol](address);
