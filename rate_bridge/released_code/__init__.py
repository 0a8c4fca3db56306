"""What the released DLL code does otherwise than its paper."""
