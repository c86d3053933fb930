    .section .rodata
    .global devstack_demo_profile
    .global devstack_demo_profile_end
devstack_demo_profile:
    .incbin DEVSTACK_DEMO_PROFILE
devstack_demo_profile_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
