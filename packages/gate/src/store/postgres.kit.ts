export { type Cluster, createCluster } from '../../test/cluster.mjs';
