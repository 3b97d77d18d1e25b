namespace TorchSharp;

public static partial class torch
{
    /// <summary>How CUDA's libraries compute.</summary>
    public static class backends
    {
        public static class cuda
        {
            public static class matmul
            {
                /// <summary>Whether matrix products of float32 may round their operands to TF32, which keeps 10 bits of the significand.</summary>
                public static bool allow_tf32
                {
                    get => Initialize() && Native.lt_tf32_cublas() != 0;
                    set
                    {
                        Initialize();
                        Native.lt_allow_tf32_cublas(value ? 1 : 0);
                    }
                }
            }
        }

        public static class cudnn
        {
            /// <summary>Whether convolutions of float32 may round their operands to TF32, which keeps 10 bits of the significand.</summary>
            public static bool allow_tf32
            {
                get => Initialize() && Native.lt_tf32_cudnn() != 0;
                set
                {
                    Initialize();
                    Native.lt_allow_tf32_cudnn(value ? 1 : 0);
                }
            }
        }
    }
}
