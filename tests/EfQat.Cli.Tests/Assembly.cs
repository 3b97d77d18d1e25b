// Signals and standard streams belong to the whole process: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
