// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Caps as decimal floats of 14 bits: nine bits of mantissa, five of exponent, in raw token units.
library Caps {
    /// The code of "no cap". Zero is the code of a cap of zero: nothing may enter.
    uint256 internal constant NONE = (1 << 14) - 1;
    uint256 private constant MAX_MANTISSA = 511;
    uint256 private constant MAX_EXPONENT = 31;

    /// @notice The cap in raw token units; `type(uint256).max` for none.
    function decode(uint256 code) internal pure returns (uint256) {
        unchecked {
            return code == NONE ? type(uint256).max : (code >> 5) * 10 ** (code & 31);
        }
    }

    /// @notice The code of a cap in raw token units.
    /// @return code The code. @return exact False when three digits cannot express the cap.
    function encode(uint256 cap) internal pure returns (uint256 code, bool exact) {
        if (cap == type(uint256).max) return (NONE, true);
        uint256 exponent;
        while (cap > MAX_MANTISSA && cap % 10 == 0 && exponent < MAX_EXPONENT) {
            cap /= 10;
            ++exponent;
        }
        code = cap << 5 | exponent;
        exact = cap <= MAX_MANTISSA && code != NONE;
    }
}
