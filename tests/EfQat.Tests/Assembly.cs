// Live tensors, counters and the random generators belong to the whole process: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
