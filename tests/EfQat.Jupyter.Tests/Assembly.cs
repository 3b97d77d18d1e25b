// Start-up and stop times are measured: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
