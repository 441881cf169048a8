/** Clusters: the list, making them, their settings, connecting. */
export const clustersEn = {
  'clusters.title': 'Clusters',
  'clusters.description': 'Clusters of this deployment in all of its Regions.',
  'clusters.id': 'Cluster ID',
  'clusters.name': 'Name',
  'clusters.status': 'Status',
  'clusters.region': 'Region',
  'clusters.type': 'Type',
  'clusters.singleRegion': 'Single-Region',
  'clusters.multiRegion': 'Multi-Region',
  'clusters.created': 'Created',
  'clusters.empty': 'No clusters',
  'clusters.loading': 'Loading clusters',
  'clusters.filter': 'Find clusters',
} as const;
