// The kernels use all threads: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
